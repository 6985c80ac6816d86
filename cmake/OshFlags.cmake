# Compiler and linker flags of every target (style: warnings are errors; security design H20: hardening).
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(osh_flags INTERFACE)
target_include_directories(osh_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(osh_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wcast-qual -Wformat=2 -Wundef
  $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
  -fstack-protector-strong -fstack-clash-protection -fcf-protection
  -ftrivial-auto-var-init=zero)
# libstdc++ 12 reports false positives of these three through inlined std::string and std::vector code.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(osh_flags INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-dangling-pointer
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>)
else()
  # libstdc++ 12's std::stable_sort calls a function that it deprecates itself.
  target_compile_options(osh_flags INTERFACE -Wno-missing-field-initializers -Wno-unknown-warning-option
    -Wno-deprecated-declarations)
endif()
target_compile_definitions(osh_flags INTERFACE _GLIBCXX_ASSERTIONS OSH_VERSION="${PROJECT_VERSION}")
target_link_options(osh_flags INTERFACE
  -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")

if(OSH_SANITIZE)
  target_compile_options(osh_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(osh_flags INTERFACE -Wno-uninitialized) # false in fmt's inlined code, with -fsanitize only
  endif()
  target_link_options(osh_flags INTERFACE -fsanitize=address,undefined)
else()
  target_compile_options(osh_flags INTERFACE $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
  # One self-contained file per process: start-up pays for no symbol look-up and the tree can be copied anywhere.
  # Not for fuzzers: libFuzzer brings a second operator new, which AddressSanitizer takes for a mismatch.
  # A target with OSH_SYSTEM_RUNTIME set uses the shared ones (Qt brings them anyway). Nor for targets that
  # are static as a whole (OSH_STATIC): g++ 12 would go back to shared libraries after libstdc++.
  if(NOT OSH_FUZZ)
    set(osh_own_runtime $<NOT:$<OR:$<BOOL:$<TARGET_PROPERTY:OSH_SYSTEM_RUNTIME>>,$<BOOL:$<TARGET_PROPERTY:OSH_STATIC>>>>)
    target_link_options(osh_flags INTERFACE
      $<${osh_own_runtime}:-static-libgcc> $<${osh_own_runtime}:-static-libstdc++>)
  endif()
endif()
if(OSH_FUZZ)
  target_compile_options(osh_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(osh_flags INTERFACE -fsanitize=address,undefined)
endif()

find_program(OSH_CCACHE ccache)
if(OSH_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${OSH_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${OSH_CCACHE})
endif()
