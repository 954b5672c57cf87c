# jangbu_layer(NAME LINKS ...): the library target of one layer, from all .cc files of its folder.
# jangbu_embed(TARGET FILES ... ROOT folder [FUNCTION name]): compiles the files' text into a target (schemas/embedded.h).
# jangbu_tests(NAME LINKS ...): one GoogleTest program from all .cc files of tests/NAME.

function(jangbu_layer name)
  cmake_parse_arguments(arg "" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  add_library(jangbu_${name} STATIC ${sources})
  target_link_libraries(jangbu_${name} PUBLIC ${arg_LINKS} PRIVATE jangbu_flags ${arg_PRIVATE_LINKS})
  target_include_directories(jangbu_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
endfunction()

function(jangbu_tests name)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc")
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${arg_LINKS} jangbu_flags GTest::gmock_main)
  target_compile_definitions(${name}_test PRIVATE JANGBU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 900 LABELS ${name}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
endfunction()

function(jangbu_embed target)
  cmake_parse_arguments(arg "" "ROOT;FUNCTION" "FILES" ${ARGN})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.cc")
  set(script "${PROJECT_SOURCE_DIR}/ops/cmake/Embed.cmake")
  add_custom_command(OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" -DOUT=${out} -DROOT=${arg_ROOT} "-DFILES=${arg_FILES}" -DFUNCTION=${arg_FUNCTION} -P "${script}"
    DEPENDS ${arg_FILES} "${script}" VERBATIM)
  target_sources(${target} PRIVATE "${out}")
endfunction()
