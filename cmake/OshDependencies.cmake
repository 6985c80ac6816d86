# Libraries we stand on (docs/architecture.md section 7). Static where Debian has them static.
find_package(PkgConfig REQUIRED)

# fmt: Debian ships only a shared library; its implementation header is compiled once into our own archive.
add_library(osh_fmt STATIC ${CMAKE_SOURCE_DIR}/cmake/fmt_once.cc)
target_include_directories(osh_fmt SYSTEM PUBLIC ${CMAKE_SOURCE_DIR}/cmake)
if(OSH_FUZZ OR OSH_SANITIZE)
  target_link_libraries(osh_fmt PUBLIC osh_flags)
endif()

function(osh_static_library target archive)
  find_library(OSH_${target}_ARCHIVE NAMES ${archive} REQUIRED)
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${OSH_${target}_ARCHIVE} ${ARGN})
endfunction()

osh_static_library(osh_yaml libyaml-cpp.a)
osh_static_library(osh_seccomp libseccomp.a)
osh_static_library(osh_cares libcares.a)
osh_static_library(osh_nghttp2 libnghttp2.a)
# zlib: bodies and WebSocket messages that are judged come compressed.
osh_static_library(osh_zlib libz.a)

# llhttp: C sources of Debian 12's node-llhttp; Debian 13 has libllhttp-dev.
find_path(OSH_LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include PATH_SUFFIXES llhttp REQUIRED)
find_path(OSH_LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
if(OSH_LLHTTP_SOURCES)
  add_library(osh_llhttp STATIC ${OSH_LLHTTP_SOURCES}/llhttp.c ${OSH_LLHTTP_SOURCES}/api.c ${OSH_LLHTTP_SOURCES}/http.c)
  target_include_directories(osh_llhttp SYSTEM PUBLIC ${OSH_LLHTTP_INCLUDE})
  # The strict of the two state machines that llhttp 8 holds (newer versions have only that one).
  target_compile_definitions(osh_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
  target_compile_options(osh_llhttp PRIVATE -w)
else()
  pkg_check_modules(llhttp REQUIRED IMPORTED_TARGET libllhttp)
  add_library(osh_llhttp INTERFACE)
  target_link_libraries(osh_llhttp INTERFACE PkgConfig::llhttp)
endif()

# mbedTLS 3.6 LTS or newer; 2.28 is end of life and refused. `./dev` builds it into OSH_MBEDTLS_ROOT when
# the system's is too old.
set(OSH_MBEDTLS_ROOT "" CACHE PATH "prefix of an mbedTLS 3.6 or newer")
# What was found below another root is forgotten, or a new root would go unused without a word.
if(NOT OSH_MBEDTLS_ROOT STREQUAL OSH_MBEDTLS_SEARCHED)
  foreach(found MBEDTLS_INCLUDE mbedtls_ARCHIVE mbedx509_ARCHIVE mbedcrypto_ARCHIVE)
    unset(OSH_${found} CACHE)
  endforeach()
  set(OSH_MBEDTLS_SEARCHED "${OSH_MBEDTLS_ROOT}" CACHE INTERNAL "the root that the mbedTLS paths were found below")
endif()
find_path(OSH_MBEDTLS_INCLUDE mbedtls/build_info.h PATHS ${OSH_MBEDTLS_ROOT}/include NO_DEFAULT_PATH)
find_path(OSH_MBEDTLS_INCLUDE mbedtls/build_info.h)
if(NOT OSH_MBEDTLS_INCLUDE)
  message(FATAL_ERROR "mbedTLS 3.6 or newer not found (mbedtls/build_info.h). Run ./dev build, which builds it "
    "from the source package of the next Debian release, or set OSH_MBEDTLS_ROOT.")
endif()
file(STRINGS ${OSH_MBEDTLS_INCLUDE}/mbedtls/build_info.h OSH_MBEDTLS_NUMBER REGEX "define MBEDTLS_VERSION_STRING ")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" OSH_MBEDTLS_VERSION "${OSH_MBEDTLS_NUMBER}")
if(OSH_MBEDTLS_VERSION VERSION_LESS 3.6)
  message(FATAL_ERROR "mbedTLS ${OSH_MBEDTLS_VERSION} is too old: osh needs 3.6 LTS or newer for TLS 1.3.")
endif()
get_filename_component(OSH_MBEDTLS_PREFIX ${OSH_MBEDTLS_INCLUDE} DIRECTORY)
add_library(osh_mbedtls INTERFACE)
target_include_directories(osh_mbedtls SYSTEM INTERFACE ${OSH_MBEDTLS_INCLUDE})
if(EXISTS ${OSH_MBEDTLS_INCLUDE}/mbedtls/osh_mbedtls_config.h)
  target_compile_definitions(osh_mbedtls INTERFACE MBEDTLS_USER_CONFIG_FILE="mbedtls/osh_mbedtls_config.h")
endif()
foreach(part mbedtls mbedx509 mbedcrypto)
  find_library(OSH_${part}_ARCHIVE NAMES lib${part}.a ${part} PATHS ${OSH_MBEDTLS_PREFIX}/lib REQUIRED NO_DEFAULT_PATH)
  find_library(OSH_${part}_ARCHIVE NAMES lib${part}.a ${part} REQUIRED)
endforeach()

# The seams: our build of mbedTLS leaves AES-GCM, ChaCha20-Poly1305, ECDSA, ECDH and SHA-256's block to
# netproxy/crypto, over libcrypto (OpenSSL 3, Apache-2.0). A build with stock code, and the system's, do not.
set(OSH_MBEDTLS_HAS_SEAMS OFF)
set(config ${OSH_MBEDTLS_INCLUDE}/mbedtls/osh_mbedtls_config.h)
if(EXISTS ${config})
  file(STRINGS ${config} seams REGEX "define MBEDTLS_GCM_ALT")
  file(STRINGS ${config} stock REGEX "define OSH_STOCK_CRYPTO")
  if(seams AND NOT stock)
    set(OSH_MBEDTLS_HAS_SEAMS ON)
  endif()
endif()
target_link_libraries(osh_mbedtls INTERFACE ${OSH_mbedtls_ARCHIVE} ${OSH_mbedx509_ARCHIVE})
if(OSH_MBEDTLS_HAS_SEAMS)
  osh_static_library(osh_libcrypto libcrypto.a)
  target_link_libraries(osh_mbedtls INTERFACE
    "$<LINK_GROUP:RESCAN,${OSH_mbedcrypto_ARCHIVE},osh_netproxy_crypto>" osh_libcrypto)
else()
  message(STATUS "mbedTLS computes with its own code: inspection is several times slower")
  target_link_libraries(osh_mbedtls INTERFACE ${OSH_mbedcrypto_ARCHIVE} osh_netproxy_crypto)
endif()
