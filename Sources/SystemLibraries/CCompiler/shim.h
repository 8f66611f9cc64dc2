// Which compiler compiles whoever asks: Swift has no words for it.
#pragma once

// With the revision of its sources, which tells releases of a toolchain apart.
static inline const char *_Nonnull luthier_compiler(void) { return __VERSION__; }
