// What Swift 6.3 cannot say of vectors in one instruction: a prefetch, the larger and the smaller of two
// vectors, the even and the odd lanes of a pair, and the lanes one further on.
//
// The operators of Swift's vectors go lane by lane, too, and what the compiler makes of that is now and then two halves of a
// register. `pointwiseMax` and `replacing(with:where:)` go lane by lane, and `evenHalf` leaves a copy of itself that other modules
// may call. These are inlined into the caller and compiled with its
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
LUTHIER_INLINE luthier_float4 luthier_even4(luthier_float4 a, luthier_float4 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6);
}
LUTHIER_INLINE luthier_float4 luthier_odd4(luthier_float4 a, luthier_float4 b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7);
}
LUTHIER_INLINE luthier_float4 luthier_low4(luthier_float4 a, luthier_float4 b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
LUTHIER_INLINE luthier_float4 luthier_high4(luthier_float4 a, luthier_float4 b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
LUTHIER_INLINE luthier_float4 luthier_following4(luthier_float4 a, luthier_float4 b) {
  return __builtin_shufflevector(a, b, 1, 2, 3, 4);
}
LUTHIER_INLINE luthier_float4 luthier_sum4(luthier_float4 a, luthier_float4 b) { return a + b; }
LUTHIER_INLINE luthier_float4 luthier_difference4(luthier_float4 a, luthier_float4 b) { return a - b; }
LUTHIER_INLINE luthier_float4 luthier_product4(luthier_float4 a, luthier_float4 b) { return a * b; }
LUTHIER_INLINE luthier_float4 luthier_quotient4(luthier_float4 a, luthier_float4 b) { return a / b; }
#if defined(__AVX2__)
LUTHIER_INLINE luthier_float8 luthier_following8(luthier_float8 a, luthier_float8 b) {
  return __builtin_shufflevector(a, b, 1, 2, 3, 4, 5, 6, 7, 8);
}
LUTHIER_INLINE luthier_float8 luthier_permuted8(luthier_float8 x, const int *indices) {
  typedef int places __attribute__((vector_size(32), aligned(4)));
  return __builtin_ia32_permvarsf256(x, *(const places *)indices);
}
LUTHIER_INLINE luthier_float8 luthier_sum8(luthier_float8 a, luthier_float8 b) { return a + b; }
LUTHIER_INLINE luthier_float8 luthier_difference8(luthier_float8 a, luthier_float8 b) { return a - b; }
LUTHIER_INLINE luthier_float8 luthier_product8(luthier_float8 a, luthier_float8 b) { return a * b; }
LUTHIER_INLINE luthier_float8 luthier_quotient8(luthier_float8 a, luthier_float8 b) { return a / b; }
LUTHIER_INLINE luthier_float8 luthier_low8(luthier_float8 a, luthier_float8 b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
LUTHIER_INLINE luthier_float8 luthier_high8(luthier_float8 a, luthier_float8 b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
LUTHIER_INLINE luthier_float8 luthier_maximum8(luthier_float8 a, luthier_float8 b) { return a > b ? a : b; }
LUTHIER_INLINE luthier_float8 luthier_minimum8(luthier_float8 a, luthier_float8 b) { return a < b ? a : b; }
LUTHIER_INLINE luthier_float8 luthier_even8(luthier_float8 a, luthier_float8 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}
LUTHIER_INLINE luthier_float8 luthier_odd8(luthier_float8 a, luthier_float8 b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}
#endif
#if defined(__AVX512F__)
LUTHIER_INLINE luthier_float16 luthier_following16(luthier_float16 a, luthier_float16 b) {
  return __builtin_shufflevector(a, b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
}
LUTHIER_INLINE luthier_float16 luthier_permuted16(luthier_float16 x, const int *indices) {
  typedef int places __attribute__((vector_size(64), aligned(4)));
  return __builtin_ia32_permvarsf512(x, *(const places *)indices);
}
LUTHIER_INLINE luthier_float16 luthier_sum16(luthier_float16 a, luthier_float16 b) { return a + b; }
LUTHIER_INLINE luthier_float16 luthier_difference16(luthier_float16 a, luthier_float16 b) { return a - b; }
LUTHIER_INLINE luthier_float16 luthier_product16(luthier_float16 a, luthier_float16 b) { return a * b; }
LUTHIER_INLINE luthier_float16 luthier_quotient16(luthier_float16 a, luthier_float16 b) { return a / b; }
LUTHIER_INLINE luthier_float16 luthier_low16(luthier_float16 a, luthier_float16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
LUTHIER_INLINE luthier_float16 luthier_high16(luthier_float16 a, luthier_float16 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
LUTHIER_INLINE luthier_float16 luthier_maximum16(luthier_float16 a, luthier_float16 b) { return a > b ? a : b; }
LUTHIER_INLINE luthier_float16 luthier_minimum16(luthier_float16 a, luthier_float16 b) { return a < b ? a : b; }
LUTHIER_INLINE luthier_float16 luthier_even16(luthier_float16 a, luthier_float16 b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
LUTHIER_INLINE luthier_float16 luthier_odd16(luthier_float16 a, luthier_float16 b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
#endif
