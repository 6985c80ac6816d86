// A PEM bundle, as the host's may hold anything: cut, decoded, hashed, put into a key store.
#include "launcher/trust/certificates.h"
#include "launcher/trust/key_store.h"
#include "launcher/trust/subject_hash.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh::launcher;
    std::string_view const input(static_cast<char const*>(static_cast<void const*>(data)), size);
    static_cast<void>(trust::subject_hash(osh::bytes_of(input)).ok());
    static_cast<void>(trust::one_line_of(input));
    auto const found = trust::certificates_in(input);
    std::vector<osh::Bytes> ders;
    for (auto const& certificate : found) {
        static_cast<void>(trust::subject_hash(certificate.der).ok());
        ders.emplace_back(certificate.der);
    }
    static_cast<void>(trust::finish_key_store(trust::begin_key_store(ders, 0), {}));
    return 0;
}
