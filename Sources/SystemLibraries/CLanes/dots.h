// Sums of products of narrow numbers, and stores that narrow floats: what Swift 6.3 has no words for.
//
// A product takes the words of two vectors, each some narrow numbers side by side, and adds what they give to the lane of the sum.
// As in shim.h, inlined into the caller and compiled with its flags: one or two instructions where the module has them.
#pragma once
#include "masks.h"
#include "shim.h"
#include "widening.h"

// Whole numbers as floats after `zero` times those of `weights` is taken off.
#define LUTHIER_CENTRED(lanes)                                                               \
  LUTHIER_INLINE luthier_float##lanes luthier_centred##lanes(                                \
      luthier_int##lanes sums, int zero, luthier_int##lanes weights) {                       \
    return __builtin_convertvector(sums - zero * weights, luthier_float##lanes);             \
  }

// Floats from 2²³ up, which are whole, as their last 8 or 16 bits.
#define LUTHIER_NARROW(lanes)                                                                \
  LUTHIER_LOAD void luthier_store_u8_x##lanes(luthier_float##lanes vector, void *address) {  \
    luthier_uchar##lanes narrow =                                                            \
        __builtin_convertvector((luthier_uint##lanes)vector & 0xFF, luthier_uchar##lanes);   \
    __builtin_memcpy(address, &narrow, lanes);                                               \
  }                                                                                          \
  LUTHIER_LOAD void luthier_store_s16_x##lanes(luthier_float##lanes vector, void *address) { \
    luthier_ushort##lanes narrow =                                                           \
        __builtin_convertvector((luthier_uint##lanes)vector & 0xFFFF, luthier_ushort##lanes); \
    __builtin_memcpy(address, &narrow, 2 * lanes);                                           \
  }                                                                                          \
  LUTHIER_LOAD void luthier_store_bf16_x##lanes(luthier_float##lanes vector, void *address) { \
    luthier_uint##lanes bits = (luthier_uint##lanes)vector;                                  \
    luthier_uint##lanes rounded = bits + 0x7FFF + ((bits >> 16) & 1);                        \
    luthier_uint##lanes upper = (vector != vector ? bits | 0x400000 : rounded) >> 16;        \
    luthier_ushort##lanes narrow = __builtin_convertvector(upper, luthier_ushort##lanes);    \
    __builtin_memcpy(address, &narrow, 2 * lanes);                                           \
  }

// Floats beside 1.5 · 2²³, whose bits count their whole numbers, as bytes: `offset` is added to the bits.
#define LUTHIER_STEPS(lanes)                                                                 \
  LUTHIER_LOAD void luthier_store_steps_x##lanes(                                            \
      luthier_float##lanes vector, int offset, void *address) {                              \
    luthier_uchar##lanes narrow = __builtin_convertvector(                                   \
        (luthier_uint##lanes)((luthier_int##lanes)vector + offset) & 0xFF, luthier_uchar##lanes); \
    __builtin_memcpy(address, &narrow, lanes);                                               \
  }

LUTHIER_CENTRED(4)
LUTHIER_NARROW(4)
LUTHIER_STEPS(4)

// Pairs of 16 bits with sign.
LUTHIER_INLINE luthier_int4 luthier_dot_s16_x4(luthier_int4 sums, luthier_int4 a, luthier_int4 b) {
#if defined(__SSE2__)
  typedef short short8 __attribute__((__vector_size__(16)));
  return sums + (luthier_int4)__builtin_ia32_pmaddwd128((short8)a, (short8)b);
#else
  return sums + ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
}
// Pairs of upper halves of floats.
LUTHIER_INLINE luthier_float4 luthier_dot_bf16_x4(luthier_float4 sums, luthier_int4 a, luthier_int4 b) {
  sums += (luthier_float4)(a << 16) * (luthier_float4)(b << 16);
  return sums + (luthier_float4)(a & (int)0xFFFF0000) * (luthier_float4)(b & (int)0xFFFF0000);
}

#if defined(__AVX2__)
LUTHIER_CENTRED(8)
LUTHIER_NARROW(8)
LUTHIER_STEPS(8)
// Two vectors side by side: the halves of packed vectors are put in order once for both.
LUTHIER_LOAD void luthier_store_two_steps_x8(luthier_float8 a, luthier_float8 b, int offset, void *address) {
  __m256i words = _mm256_packs_epi32((__m256i)((luthier_int8)a + offset), (__m256i)((luthier_int8)b + offset));
  __m256i bytes = _mm256_packus_epi16(words, words);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
  _mm_storeu_si128((__m128i *)address, _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(bytes, order)));
}
LUTHIER_INLINE luthier_int8 luthier_dot_s16_x8(luthier_int8 sums, luthier_int8 a, luthier_int8 b) {
  return sums + (luthier_int8)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
#endif
#if defined(__AVXVNNI__)
// Four numbers of 8 bits, without sign and with sign.
LUTHIER_INLINE luthier_int8 luthier_dot_u8_s8_x8(luthier_int8 sums, luthier_int8 a, luthier_int8 b) {
  return (luthier_int8)_mm256_dpbusd_avx_epi32((__m256i)sums, (__m256i)a, (__m256i)b);
}
#endif

#if defined(__AVX512BW__)
LUTHIER_CENTRED(16)
LUTHIER_NARROW(16)
LUTHIER_STEPS(16)
LUTHIER_INLINE luthier_int16 luthier_dot_s16_x16(luthier_int16 sums, luthier_int16 a, luthier_int16 b) {
  return sums + (luthier_int16)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}
#endif
#if defined(__AVX512VNNI__)
LUTHIER_INLINE luthier_int16 luthier_dot_u8_s8_x16(luthier_int16 sums, luthier_int16 a, luthier_int16 b) {
  return (luthier_int16)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)a, (__m512i)b);
}
#endif
#if defined(__AVX512BF16__)
LUTHIER_INLINE luthier_float16 luthier_dot_bf16_x16(luthier_float16 sums, luthier_int16 a, luthier_int16 b) {
  return (luthier_float16)_mm512_dpbf16_ps((__m512)sums, (__m512bh)a, (__m512bh)b);
}
#endif
