// The routines of OpenBLAS that Luthier calls, declared here because Debian's <cblas.h> lies in a folder of its own and needs
// C's complex types. 101 is row-major, 111 as it lies, 112 transposed.
#pragma once

void openblas_set_num_threads(int threads);
char *openblas_get_config(void);
char *openblas_get_corename(void);
void cblas_sgemm(
  int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
  int ldb, float beta, float *c, int ldc);
void cblas_sgemv(
  int order, int transpose, int m, int n, float alpha, const float *a, int lda, const float *x, int incx, float beta,
  float *y, int incy);
