// Every third lane of three vectors that lie one after the other: the channels of an image whose pixels are triples.
//
// And the way back, lanes of three vectors in turn. Each is two permutations of two registers. As in shim.h, inlined into the caller and compiled with its flags.
#pragma once
#include "shim.h"

LUTHIER_INLINE luthier_float4 luthier_first4(luthier_float4 a, luthier_float4 b, luthier_float4 c) {
  luthier_float4 ab = __builtin_shufflevector(a, b, 0, 3, 6, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 5);
}
LUTHIER_INLINE luthier_float4 luthier_second4(luthier_float4 a, luthier_float4 b, luthier_float4 c) {
  luthier_float4 ab = __builtin_shufflevector(a, b, 1, 4, 7, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 6);
}
LUTHIER_INLINE luthier_float4 luthier_third4(luthier_float4 a, luthier_float4 b, luthier_float4 c) {
  luthier_float4 ab = __builtin_shufflevector(a, b, 2, 5, 0, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 4, 7);
}
LUTHIER_INLINE luthier_float4 luthier_join_first4(luthier_float4 a, luthier_float4 b, luthier_float4 c) {
  luthier_float4 ab = __builtin_shufflevector(a, b, 0, 4, 0, 1);
  return __builtin_shufflevector(ab, c, 0, 1, 4, 3);
}
LUTHIER_INLINE luthier_float4 luthier_join_second4(luthier_float4 a, luthier_float4 b, luthier_float4 c) {
  luthier_float4 ab = __builtin_shufflevector(a, b, 5, 0, 2, 6);
  return __builtin_shufflevector(ab, c, 0, 5, 2, 3);
}
LUTHIER_INLINE luthier_float4 luthier_join_third4(luthier_float4 a, luthier_float4 b, luthier_float4 c) {
  luthier_float4 ab = __builtin_shufflevector(a, b, 0, 3, 7, 0);
  return __builtin_shufflevector(ab, c, 6, 1, 2, 7);
}
#if defined(__AVX2__)
LUTHIER_INLINE luthier_float8 luthier_first8(luthier_float8 a, luthier_float8 b, luthier_float8 c) {
  luthier_float8 ab = __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 0, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 3, 4, 5, 10, 13);
}
LUTHIER_INLINE luthier_float8 luthier_second8(luthier_float8 a, luthier_float8 b, luthier_float8 c) {
  luthier_float8 ab = __builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 0, 0, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 3, 4, 8, 11, 14);
}
LUTHIER_INLINE luthier_float8 luthier_third8(luthier_float8 a, luthier_float8 b, luthier_float8 c) {
  luthier_float8 ab = __builtin_shufflevector(a, b, 2, 5, 8, 11, 14, 0, 0, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 3, 4, 9, 12, 15);
}
LUTHIER_INLINE luthier_float8 luthier_join_first8(luthier_float8 a, luthier_float8 b, luthier_float8 c) {
  luthier_float8 ab = __builtin_shufflevector(a, b, 0, 8, 0, 1, 9, 0, 2, 10);
  return __builtin_shufflevector(ab, c, 0, 1, 8, 3, 4, 9, 6, 7);
}
LUTHIER_INLINE luthier_float8 luthier_join_second8(luthier_float8 a, luthier_float8 b, luthier_float8 c) {
  luthier_float8 ab = __builtin_shufflevector(a, b, 0, 3, 11, 0, 4, 12, 0, 5);
  return __builtin_shufflevector(ab, c, 10, 1, 2, 11, 4, 5, 12, 7);
}
LUTHIER_INLINE luthier_float8 luthier_join_third8(luthier_float8 a, luthier_float8 b, luthier_float8 c) {
  luthier_float8 ab = __builtin_shufflevector(a, b, 13, 0, 6, 14, 0, 7, 15, 0);
  return __builtin_shufflevector(ab, c, 0, 13, 2, 3, 14, 5, 6, 15);
}
#endif
#if defined(__AVX512F__)
LUTHIER_INLINE luthier_float16 luthier_first16(luthier_float16 a, luthier_float16 b, luthier_float16 c) {
  luthier_float16 ab = __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
}
LUTHIER_INLINE luthier_float16 luthier_second16(luthier_float16 a, luthier_float16 b, luthier_float16 c) {
  luthier_float16 ab = __builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
}
LUTHIER_INLINE luthier_float16 luthier_third16(luthier_float16 a, luthier_float16 b, luthier_float16 c) {
  luthier_float16 ab = __builtin_shufflevector(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
  return __builtin_shufflevector(ab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
}
LUTHIER_INLINE luthier_float16 luthier_join_first16(luthier_float16 a, luthier_float16 b, luthier_float16 c) {
  luthier_float16 ab = __builtin_shufflevector(a, b, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  return __builtin_shufflevector(ab, c, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15);
}
LUTHIER_INLINE luthier_float16 luthier_join_second16(luthier_float16 a, luthier_float16 b, luthier_float16 c) {
  luthier_float16 ab = __builtin_shufflevector(a, b, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  return __builtin_shufflevector(ab, c, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15);
}
LUTHIER_INLINE luthier_float16 luthier_join_third16(luthier_float16 a, luthier_float16 b, luthier_float16 c) {
  luthier_float16 ab = __builtin_shufflevector(a, b, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  return __builtin_shufflevector(ab, c, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31);
}
#endif
