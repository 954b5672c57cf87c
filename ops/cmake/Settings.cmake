# What every target of the project is built with.

option(JANGBU_BUILD_TESTS "Build the tests and the bench programs" ON)
option(JANGBU_FUZZ "Build the fuzz targets (clang's libFuzzer)" OFF)
option(JANGBU_COVERAGE "Count the lines that run (gcov)" OFF)
set(JANGBU_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

# One interface target carries the flags, so that third-party headers keep their own.
add_library(jangbu_flags INTERFACE)
target_include_directories(jangbu_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(jangbu_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees null dereferences and overlaps in inlined standard library code that cannot happen (PR 105562, 105329).
  target_compile_options(jangbu_flags INTERFACE -Wno-null-dereference -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # librdkafka's macros for producing are such expressions; embedded files are long strings.
  target_compile_options(jangbu_flags INTERFACE -Wno-gnu-statement-expression -Wno-overlength-strings)
endif()
if(JANGBU_SANITIZE)
  target_compile_options(jangbu_flags INTERFACE -fsanitize=${JANGBU_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(jangbu_flags INTERFACE -fsanitize=${JANGBU_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The sanitizers' instrumentation makes GCC 12 report variables as maybe uninitialized that are not (PR 105562).
    target_compile_options(jangbu_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(JANGBU_COVERAGE)
  target_compile_options(jangbu_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(jangbu_flags INTERFACE --coverage)
endif()
if(JANGBU_FUZZ)
  target_compile_options(jangbu_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
