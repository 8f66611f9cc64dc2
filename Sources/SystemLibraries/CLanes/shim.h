// What Swift 6.3 cannot say of vectors in one instruction: a prefetch, and the larger and the smaller of two vectors.
//
// `pointwiseMax` and `replacing(with:where:)` go lane by lane. These are inlined into the caller and compiled with its
// flags, so a vector of sixteen floats is one register only in a module that has such registers.
#pragma once

#define LUTHIER_INLINE static inline __attribute__((always_inline, const))

typedef float luthier_float4 __attribute__((ext_vector_type(4)));
typedef float luthier_float8 __attribute__((ext_vector_type(8)));
typedef float luthier_float16 __attribute__((ext_vector_type(16)));

// A hint that the line of `address` will be read soon. It never faults.
static inline __attribute__((always_inline)) void luthier_prefetch(const void *address) {
  __builtin_prefetch(address, 0, 3);
}

// `b` where either is a NaN: one instruction on x86-64.
LUTHIER_INLINE luthier_float4 luthier_maximum4(luthier_float4 a, luthier_float4 b) { return a > b ? a : b; }
LUTHIER_INLINE luthier_float4 luthier_minimum4(luthier_float4 a, luthier_float4 b) { return a < b ? a : b; }
#if defined(__AVX2__)
LUTHIER_INLINE luthier_float8 luthier_maximum8(luthier_float8 a, luthier_float8 b) { return a > b ? a : b; }
LUTHIER_INLINE luthier_float8 luthier_minimum8(luthier_float8 a, luthier_float8 b) { return a < b ? a : b; }
#endif
#if defined(__AVX512F__)
LUTHIER_INLINE luthier_float16 luthier_maximum16(luthier_float16 a, luthier_float16 b) { return a > b ? a : b; }
LUTHIER_INLINE luthier_float16 luthier_minimum16(luthier_float16 a, luthier_float16 b) { return a < b ? a : b; }
#endif
