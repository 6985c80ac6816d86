#pragma once
// What the cipher tests share: texts, hexadecimal, dice that always fall the same way.

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

namespace osh::test
{

using Text = std::vector<unsigned char>;

inline Text hex(std::string_view digits)
{
    auto const value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Text out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        out.push_back(static_cast<unsigned char>(value(digits[i]) * 16 + value(digits[i + 1])));
    return out;
}

struct Sealed {
    Text text, tag;
    friend bool operator==(Sealed const&, Sealed const&) = default;
};

class Dice
{
public:
    Text text(std::size_t size)
    {
        Text out(size);
        for (auto& byte : out)
            byte = static_cast<unsigned char>(random_());
        return out;
    }
    std::size_t up_to(std::size_t most) { return random_() % (most + 1); }

private:
    std::mt19937 random_{20261121};
};

} // namespace osh::test
