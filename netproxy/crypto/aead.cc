// AEAD over EVP. Should: one context per key for its life. Mustn't: leave unverified plaintext
// behind, or allocate for a record.
#include "netproxy/crypto/aead.h"

#include "netproxy/crypto/libcrypto.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::crypto
{
namespace
{

constexpr std::size_t kPiece = std::size_t{1} << 30; // EVP counts in int
constexpr std::size_t kScratch = 4096;
constexpr std::size_t kMinTag = 4, kMaxTag = 16; // SP 800-38D section 5.2.1.2

unsigned char const* in_c(std::byte const* bytes)
{
    return static_cast<unsigned char const*>(static_cast<void const*>(bytes));
}

unsigned char* out_c(std::byte* bytes)
{
    return static_cast<unsigned char*>(static_cast<void*>(bytes));
}

bool feed(EvpContext* context, Bytes in, std::byte* out)
{
    while (!in.empty()) {
        auto const piece = in.first(std::min(in.size(), kPiece));
        int count = 0;
        if (EVP_CipherUpdate(context, out == nullptr ? nullptr : out_c(out), &count,
                in_c(piece.data()), static_cast<int>(piece.size()))
            != 1)
            return succeeded(false);
        in = in.subspan(piece.size());
        if (out != nullptr)
            out += piece.size();
    }
    return true;
}

bool tag_of(EvpContext* context, MutableBytes tag)
{
    std::array<unsigned char, 16> nothing{};
    int count = 0;
    return succeeded(EVP_CipherFinal_ex(context, nothing.data(), &count) == 1
                     && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG,
                            static_cast<int>(tag.size()), tag.data())
                            == 1);
}

EVP_CIPHER const* cipher_of(AeadCipher cipher)
{
    auto const* library = Libcrypto::started();
    if (library == nullptr)
        return nullptr;
    switch (cipher) {
    case AeadCipher::Aes128Gcm: return library->aes_128_gcm;
    case AeadCipher::Aes192Gcm: return library->aes_192_gcm;
    case AeadCipher::Aes256Gcm: return library->aes_256_gcm;
    case AeadCipher::ChaCha20Poly1305: return library->chacha20_poly1305;
    }
    return nullptr;
}

} // namespace

void FreeEvpContext::operator()(EvpContext* context) const
{
    EVP_CIPHER_CTX_free(context);
}

} // namespace osh::netproxy::crypto

using namespace osh::netproxy::crypto; // the members below belong to a type in C's namespace

osh_aead* osh_aead::create(AeadCipher cipher, Bytes key)
{
    auto const* const evp = cipher_of(cipher);
    if (evp == nullptr || static_cast<std::size_t>(EVP_CIPHER_get_key_length(evp)) != key.size())
        return nullptr;
    auto aead = std::make_unique<osh_aead>();
    aead->main_.reset(EVP_CIPHER_CTX_new());
    auto* const context = aead->main_.get();
    if (context == nullptr
        || !succeeded(EVP_CipherInit_ex(context, evp, nullptr, in_c(key.data()), nullptr, 1) == 1))
        return nullptr;
    aead->nonce_size_ = static_cast<std::size_t>(EVP_CIPHER_CTX_get_iv_length(context));
    return aead.release();
}

bool osh_aead::begin(Direction direction, Bytes nonce)
{
    stage_ = Stage::Idle;
    if (nonce.empty() || nonce.size() > kMaxNonce)
        return false;
    auto* const context = main_.get();
    if (nonce.size() != nonce_size_
        && !succeeded(EVP_CIPHER_CTX_ctrl(
                          context, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(nonce.size()), nullptr)
                      == 1))
        return false;
    nonce_size_ = nonce.size();
    return succeeded(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, in_c(nonce.data()),
                         direction == Direction::Encrypt ? 1 : 0)
                     == 1);
}

bool osh_aead::start(Direction direction, Bytes nonce)
{
    direction_ = direction;
    again_.reset();
    if (direction == Direction::Decrypt) {
        again_.reset(EVP_CIPHER_CTX_new());
        if (again_ == nullptr || !begin(Direction::Encrypt, nonce)
            || !succeeded(EVP_CIPHER_CTX_copy(again_.get(), main_.get()) == 1))
            return false;
    }
    if (!begin(direction, nonce))
        return false;
    stage_ = Stage::Associated;
    return true;
}

bool osh_aead::add(Bytes associated)
{
    return stage_ == Stage::Associated && feed(main_.get(), associated, nullptr)
           && (again_ == nullptr || feed(again_.get(), associated, nullptr));
}

bool osh_aead::update(Bytes in, std::byte* out)
{
    if (stage_ == Stage::Idle)
        return false;
    stage_ = Stage::Text;
    if (!feed(main_.get(), in, out))
        return false;
    if (again_ == nullptr)
        return true;
    std::array<std::byte, kScratch> ciphertext; // the caller has it already; only its tag counts
    for (Bytes text(out, in.size()); !text.empty();) {
        auto const piece = text.first(std::min(text.size(), ciphertext.size()));
        if (!feed(again_.get(), piece, ciphertext.data()))
            return false;
        text = text.subspan(piece.size());
    }
    return true;
}

bool osh_aead::finish(MutableBytes tag)
{
    if (stage_ == Stage::Idle || tag.size() < kMinTag || tag.size() > kMaxTag)
        return false;
    stage_ = Stage::Idle;
    return tag_of(again_ != nullptr ? again_.get() : main_.get(), tag);
}

bool osh_aead::seal(Message const& message, MutableBytes tag)
{
    return tag.size() >= kMinTag && tag.size() <= kMaxTag
           && begin(Direction::Encrypt, message.nonce)
           && feed(main_.get(), message.associated, nullptr)
           && feed(main_.get(), message.in, message.out) && tag_of(main_.get(), tag);
}

bool osh_aead::open(Message const& message, Bytes tag)
{
    if (tag.size() < kMinTag || tag.size() > kMaxTag)
        return false;
    std::array<unsigned char, 16> expected{};
    std::copy_n(in_c(tag.data()), tag.size(), expected.begin());
    int count = 0;
    std::array<unsigned char, 16> nothing{};
    bool const is_genuine = begin(Direction::Decrypt, message.nonce)
                            && EVP_CIPHER_CTX_ctrl(main_.get(), EVP_CTRL_AEAD_SET_TAG,
                                   static_cast<int>(tag.size()), expected.data())
                                   == 1
                            && feed(main_.get(), message.associated, nullptr)
                            && feed(main_.get(), message.in, message.out)
                            && EVP_CipherFinal_ex(main_.get(), nothing.data(), &count) == 1;
    if (!is_genuine && !message.in.empty())
        OPENSSL_cleanse(message.out, message.in.size());
    return succeeded(is_genuine);
}
