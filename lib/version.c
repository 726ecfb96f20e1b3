/* version: what -V says. VARIANT comes from the Makefile. */
#include "option.h"

#ifndef VARIANT
#define VARIANT "unknown"
#endif

const char version_number[] = "0.1.0";
const char version_text[] = "0.1.0 (" VARIANT ")";
