#include "policy/model/placeholder_shape.h"

namespace osh::policy
{
namespace
{

constexpr std::string_view kAlnum =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kDigits = "0123456789";

} // namespace

// Each carries at least 96 random bits (16 upper-case letters of 32 carry 80: AWS key ids have no
// more room, so the id is a name and the aws-secret beside it the placeholder that counts).
std::vector<PlaceholderShape> const& placeholder_shapes()
{
    static std::vector<PlaceholderShape> const shapes{
        {"plain", ShapeForm::Prefixed, "osh-", kAlnum, 32, ""},
        {"github-classic", ShapeForm::Prefixed, "ghp_", kAlnum, 36, ""},
        {"github-fine", ShapeForm::Prefixed, "github_pat_", kAlnum, 82, ""},
        {"anthropic-key", ShapeForm::Prefixed, "sk-ant-api03-", kUrlSafe, 93, "AA"},
        {"anthropic-oauth", ShapeForm::Prefixed, "sk-ant-oat01-", kUrlSafe, 93, "AA"},
        {"openai-key", ShapeForm::Prefixed, "sk-proj-", kUrlSafe, 80, ""},
        {"google-key", ShapeForm::Prefixed, "AIzaSy", kUrlSafe, 33, ""},
        {"npm-token", ShapeForm::Prefixed, "npm_", kAlnum, 36, ""},
        {"slack-bot", ShapeForm::Prefixed, "xoxb-1", kDigits, 36, ""},
        {"aws-access-key", ShapeForm::Prefixed, "AKIA", kUpper, 16, ""},
        {"aws-secret", ShapeForm::Prefixed, "", kAlnum, 40, ""},
        {"hex32", ShapeForm::Prefixed, "", kHex, 32, ""},
        {"uuid", ShapeForm::Uuid, "", kHex, 0, ""},
        {"jwt", ShapeForm::Jwt, "", kUrlSafe, 86, ""},
    };
    return shapes;
}

PlaceholderShape const* find_shape(std::string_view name)
{
    for (auto const& shape : placeholder_shapes())
        if (shape.name == name)
            return &shape;
    return nullptr;
}

} // namespace osh::policy
