// Loads and stores that touch only some lanes, and powers of two: what Swift 6.3 has no words for.
//
// A lane that a mask leaves out is not touched, so its address may lie outside the memory.
#pragma once

#include "shim.h"

#define LUTHIER_LOAD static inline __attribute__((always_inline))

typedef int luthier_int4 __attribute__((ext_vector_type(4)));

LUTHIER_LOAD luthier_float4 luthier_load4(const float *address, luthier_int4 mask, luthier_float4 otherwise) {
  luthier_float4 result = otherwise;
  for (int lane = 0; lane < 4; lane++)
    if (mask[lane]) result[lane] = address[lane];
  return result;
}
LUTHIER_LOAD void luthier_store4(luthier_float4 vector, float *address, luthier_int4 mask) {
  for (int lane = 0; lane < 4; lane++)
    if (mask[lane]) address[lane] = vector[lane];
}
// The mask of the first `count` lanes.
LUTHIER_INLINE luthier_int4 luthier_lanes_before4(int count) { return (luthier_int4){0, 1, 2, 3} < count; }

// The larger and the smaller of two; a NaN where either is one.
LUTHIER_INLINE luthier_float4 luthier_largest4(luthier_float4 a, luthier_float4 b) {
  return a != a ? a : luthier_maximum4(a, b);
}
LUTHIER_INLINE luthier_float4 luthier_smallest4(luthier_float4 a, luthier_float4 b) {
  return a != a ? a : luthier_minimum4(a, b);
}
// x · 2ⁿ for whole n from -252 to 254, in two factors: beyond the normal numbers lie 0 and infinity, not other bits.
LUTHIER_INLINE luthier_float4 luthier_scale4(luthier_float4 x, luthier_float4 n) {
  luthier_int4 whole = __builtin_convertvector(n, luthier_int4), half = whole >> 1;
  return x * (luthier_float4)((half + 127) << 23) * (luthier_float4)((whole - half + 127) << 23);
}
// x where a < b, else y; y beside a NaN.
LUTHIER_INLINE luthier_float4 luthier_select4(luthier_float4 a, luthier_float4 b, luthier_float4 x, luthier_float4 y) {
  return a < b ? x : y;
}

#if defined(__AVX2__)
#include <immintrin.h>

typedef int luthier_int8 __attribute__((ext_vector_type(8)));

LUTHIER_LOAD luthier_float8 luthier_load8(const float *address, luthier_int8 mask) {
  return (luthier_float8)_mm256_maskload_ps(address, (__m256i)mask);
}
LUTHIER_LOAD void luthier_store8(luthier_float8 vector, float *address, luthier_int8 mask) {
  _mm256_maskstore_ps(address, (__m256i)mask, (__m256)vector);
}
LUTHIER_INLINE luthier_int8 luthier_lanes_before8(int count) { return (luthier_int8){0, 1, 2, 3, 4, 5, 6, 7} < count; }
LUTHIER_INLINE luthier_float8 luthier_blend8(luthier_float8 a, luthier_float8 b, luthier_int8 mask) {
  return (luthier_float8)_mm256_blendv_ps((__m256)a, (__m256)b, (__m256)mask);
}
// By name, or the compiler makes three comparisons and logic of masks out of the two conditions.
LUTHIER_INLINE luthier_float8 luthier_largest8(luthier_float8 a, luthier_float8 b) {
  return a != a ? a : (luthier_float8)__builtin_ia32_maxps256(a, b);
}
LUTHIER_INLINE luthier_float8 luthier_smallest8(luthier_float8 a, luthier_float8 b) {
  return a != a ? a : (luthier_float8)__builtin_ia32_minps256(a, b);
}
LUTHIER_INLINE luthier_float8 luthier_scale8(luthier_float8 x, luthier_float8 n) {
  luthier_int8 whole = __builtin_convertvector(n, luthier_int8), half = whole >> 1;
  return x * (luthier_float8)((half + 127) << 23) * (luthier_float8)((whole - half + 127) << 23);
}
LUTHIER_INLINE luthier_float8 luthier_select8(luthier_float8 a, luthier_float8 b, luthier_float8 x, luthier_float8 y) {
  return a < b ? x : y;
}
#endif

#if defined(__AVX512F__)
typedef int luthier_int16 __attribute__((ext_vector_type(16)));

// A bit for each of the sixteen numbers at `lanes`: whether it is negative.
LUTHIER_LOAD unsigned short luthier_mask16(const int *lanes) {
  return _mm512_movepi32_mask(_mm512_loadu_si512(lanes));
}
LUTHIER_LOAD luthier_float16 luthier_load16(const float *address, unsigned short mask) {
  return (luthier_float16)_mm512_maskz_loadu_ps(mask, address);
}
LUTHIER_LOAD luthier_float16 luthier_load_or16(const float *address, unsigned short mask, luthier_float16 otherwise) {
  return (luthier_float16)_mm512_mask_loadu_ps((__m512)otherwise, mask, address);
}
LUTHIER_LOAD void luthier_store16(luthier_float16 vector, float *address, unsigned short mask) {
  _mm512_mask_storeu_ps(address, mask, (__m512)vector);
}
LUTHIER_INLINE unsigned short luthier_lanes_before16(int count) { return (unsigned short)((1u << count) - 1); }
// By name, or the compiler makes three comparisons and logic of masks out of the two conditions.
LUTHIER_INLINE luthier_float16 luthier_largest16(luthier_float16 a, luthier_float16 b) {
  return a != a ? a : (luthier_float16)__builtin_ia32_maxps512(a, b, 4);
}
// The largest of three; a NaN where any is one. One comparison finds the NaNs of `b` and `c`, which their sum keeps; that of `a` goes
// through both maxima, whose second operand is the result beside a NaN.
LUTHIER_INLINE luthier_float16 luthier_largest_of_three16(luthier_float16 a, luthier_float16 b, luthier_float16 c) {
  __m512 first = _mm512_max_ps((__m512)b, (__m512)a);
  __m512 largest = _mm512_max_ps((__m512)c, first);
  __mmask16 unordered = _mm512_cmp_ps_mask((__m512)b, (__m512)c, _CMP_UNORD_Q);
  return (luthier_float16)_mm512_mask_add_ps(largest, unordered, (__m512)b, (__m512)c);
}
LUTHIER_INLINE luthier_float16 luthier_smallest16(luthier_float16 a, luthier_float16 b) {
  return a != a ? a : (luthier_float16)__builtin_ia32_minps512(a, b, 4);
}
LUTHIER_INLINE luthier_float16 luthier_scale16(luthier_float16 x, luthier_float16 n) {
  return (luthier_float16)_mm512_scalef_ps((__m512)x, (__m512)n);
}
LUTHIER_INLINE luthier_float16 luthier_select16(
    luthier_float16 a, luthier_float16 b, luthier_float16 x, luthier_float16 y) {
  return a < b ? x : y;
}
#endif
