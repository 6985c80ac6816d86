#pragma once
// Fd owns a file descriptor. `Fd` by value gives it away, `Fd const&` borrows. Raw ints only inside
// launcher/sys.

#include <utility>

namespace osh::sys
{

class Fd
{
public:
    Fd() = default;
    Fd(Fd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
    Fd& operator=(Fd&& other) noexcept;
    ~Fd() { reset(); }

    // Takes ownership of a descriptor that nothing else owns.
    static Fd adopt_raw_fd(int raw);
    bool is_open() const { return raw_ >= 0; }
    int raw() const { return raw_; } // for launcher/sys and for exec'd children's numbering
    [[nodiscard]] int release() { return std::exchange(raw_, -1); }
    void reset();

private:
    explicit Fd(int raw) : raw_(raw) {}
    int raw_ = -1;
};

} // namespace osh::sys
