# Fails when a kernel object holds a weak or unique symbol: the linker keeps one copy of such a
# symbol, and that may be the AVX-512 one.  Run by the build with -DNM=... -DOBJECTS=a;b;c.
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* [WwVvu] [^\n]*" shared "${symbols}")
  if(shared)
    message(FATAL_ERROR "${object} has symbols that another ISA could replace: ${shared}")
  endif()
endforeach()
