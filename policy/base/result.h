#pragma once
// Errors are values: Result<T>, Error, and the statements LET and TRY that hand an error upwards.
//
// Result<T> is a [[nodiscard]] struct over std::expected<T, Error>. LET and TRY are statements on
// purpose: a return from inside an expression makes g++ 12.2 skip destructors of half-built brace
// lists.

#include "policy/base/check.h"

#include <expected>
#include <string>
#include <utility>

namespace osh
{

enum class Errc {
    Malformed,   // bytes that do not follow their format
    TooLarge,    // a named bound was exceeded
    NotFound,    // the named thing does not exist
    Denied,      // the kernel or a rule says no
    Unsupported, // this kernel or build cannot do it
    Busy,        // try again later
    Closed,      // the other side is gone
    Invalid,     // well-formed but not acceptable
    System,      // any other system call failure; sys_errno says which
};

struct Error {
    Errc code = Errc::System;
    int sys_errno = 0;    // errno(3), 0 when none
    std::string sentence; // what failed, built where it arose; no trailing newline
};

struct Unit {
};

template<typename T = Unit>
struct [[nodiscard]] Result : std::expected<T, Error> {
    using std::expected<T, Error>::expected;
    bool ok() const { return this->has_value(); }
    T& value() = delete; // throws; use * after a check
};

inline std::unexpected<Error> fail(Errc code, std::string sentence)
{
    return std::unexpected<Error>(Error{code, 0, std::move(sentence)});
}

// A system call failed: "<sentence>: <strerror(sys_errno)>".
std::unexpected<Error> fail_errno(int sys_errno, std::string sentence);

// Adds context in front of an error that came from below: "<context>: <sentence>".
std::unexpected<Error> fail_because(std::string context, Error cause);

} // namespace osh

#define OSH_CONCAT_(a, b) a##b
#define OSH_CONCAT(a, b) OSH_CONCAT_(a, b)

// LET(name, expression): declares `auto name` from a Result, or returns its error.
#define LET(name, ...)                                                                             \
    auto OSH_CONCAT(result_of_, __LINE__) = (__VA_ARGS__);                                         \
    if (!OSH_CONCAT(result_of_, __LINE__).has_value()) [[unlikely]]                                \
        return std::unexpected<::osh::Error>(std::move(OSH_CONCAT(result_of_, __LINE__)).error()); \
    auto name = *std::move(OSH_CONCAT(result_of_, __LINE__))

// TRY(expression): goes on when it succeeded, or returns its error.
#define TRY(...)                                                                                   \
    do {                                                                                           \
        auto result_of_try_ = (__VA_ARGS__);                                                       \
        if (!result_of_try_.has_value()) [[unlikely]]                                              \
            return std::unexpected<::osh::Error>(std::move(result_of_try_).error());               \
    } while (false)
