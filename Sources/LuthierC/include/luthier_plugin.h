/* A plugin of kernels in C: a shared library that `tune` and `luthier` load with --plugin FILE.so or LUTHIER_PLUGINS.
 *
 *     cc -O3 -march=native -shared -fPIC -I .../Sources/LuthierC/include -o libmine.so mine.c
 *
 * The library exports one function, luthier_plugin_entry, which returns a description that lives as long as the process.
 * Nothing of Luthier has to be linked. A kernel competes with Luthier's own, is checked against a 64-bit reference like
 * them, and runs where it is the fastest; it is never run where its results are wrong.
 *
 * Rules for every function below: it may be called by several threads at once, it neither throws nor exits, and what a
 * pointer argument points at is only valid during the call. Tensors are dense arrays of 32-bit floats in the kernel's
 * layout; inputs are aligned to 4 bytes only and the output never overlaps an input.
 */
#ifndef LUTHIER_PLUGIN_H
#define LUTHIER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts up when a structure below changes. A plugin of another version is refused with a line that says so. */
#define LUTHIER_PLUGIN_ABI_VERSION 1

/* What a kernel may solve. */
enum luthier_operation {
  LUTHIER_CONVOLUTION = 1,
  LUTHIER_POOLING = 2,
  LUTHIER_MATRIX_MULTIPLY = 3,
  LUTHIER_ELEMENTWISE = 4
};

/* How the activations of convolution and pooling lie in memory; those of other operations are always row-major. */
enum luthier_layout {
  LUTHIER_ROW_MAJOR = 0,    /* [N, C, H, W] */
  LUTHIER_CHANNELS_LAST = 1 /* [N, H, W, C] */
};

/* Functions of one element x, with the numbers a and b. More may follow: refuse problems with one that you do not know. */
enum luthier_activation {
  LUTHIER_IDENTITY = 0,
  LUTHIER_CLIP = 1,         /* min(max(x, a), b); ReLU is a = 0, b = infinity; ReLU6 is a = 0, b = 6 */
  LUTHIER_LEAKY_RELU = 2,   /* x where positive, else a * x */
  LUTHIER_HARD_SWISH = 3,   /* x * min(max(x / 6 + 1 / 2, 0), 1) */
  LUTHIER_HARD_SIGMOID = 4, /* min(max(a * x + b, 0), 1) */
  LUTHIER_SIGMOID = 5,
  LUTHIER_TANH = 6,
  LUTHIER_SWISH = 7,        /* x * sigmoid(x) */
  LUTHIER_SCALED_SWISH = 8, /* x * sigmoid(a * x) */
  LUTHIER_GELU = 9,         /* x / 2 * (1 + erf(x / sqrt(2))) */
  LUTHIER_GELU_TANH = 10,   /* x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))) */
  LUTHIER_MISH = 11,        /* x * tanh(log(1 + exp(x))) */
  LUTHIER_ELU = 12,         /* x where positive, else a * (exp(x) - 1) */
  LUTHIER_CELU = 13,        /* x where positive, else a * (exp(x / a) - 1) */
  LUTHIER_SELU = 14,        /* b * x where positive, else b * a * (exp(x) - 1) */
  LUTHIER_SOFTPLUS = 15,    /* log(1 + exp(x)) */
  LUTHIER_SOFTSIGN = 16,    /* x / (1 + |x|) */
  LUTHIER_ERF = 17          /* the error function */
};

/* Functions of one or two elements. */
enum luthier_function {
  LUTHIER_UNARY = 0, /* the activation alone */
  LUTHIER_ADD = 1,
  LUTHIER_SUBTRACT = 2,
  LUTHIER_MULTIPLY = 3,
  LUTHIER_DIVIDE = 4,
  LUTHIER_MAXIMUM = 5,
  LUTHIER_MINIMUM = 6,
  LUTHIER_SQUARE_ROOT = 7 /* of left; a NaN of what is negative */
};

/* What becomes of a pooling window. */
enum luthier_reduction {
  LUTHIER_MAXIMUM_POOLING = 0,
  LUTHIER_AVERAGE_POOLING = 1,       /* the mean of the elements that are not padding */
  LUTHIER_AVERAGE_PADDED_POOLING = 2 /* the mean with padding counted as zeros */
};

/* What is done to each output before it is stored, in this order. */
typedef struct {
  int32_t has_bias;     /* one number an output channel (a column of a matrix product) is added */
  int32_t has_residual; /* the last input, of the output's shape, is added */
  int32_t activation;   /* enum luthier_activation, with its numbers */
  float a, b;
} luthier_epilogue;

/* A window that moves over rows and columns. */
typedef struct {
  int64_t kernel_height, kernel_width;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
} luthier_window;

/* [batch, input_channels, input_height, input_width] with filters [output_channels, input_channels / groups,
 * kernel_height, kernel_width] to [batch, output_channels, output_height, output_width]. */
typedef struct {
  int64_t batch;
  int64_t input_channels, input_height, input_width;
  int64_t output_channels, output_height, output_width;
  int64_t groups;
  luthier_window window;
  luthier_epilogue epilogue;
} luthier_convolution;

/* [batch, channels, input_height, input_width] to [batch, channels, output_height, output_width]. */
typedef struct {
  int32_t reduction; /* enum luthier_reduction */
  int32_t rounds_up; /* a last window may hang over the edge */
  int64_t batch, channels;
  int64_t input_height, input_width;
  int64_t output_height, output_width;
  luthier_window window;
} luthier_pooling;

/* [batch, rows, depth] times [batch, depth, columns] to [batch, rows, columns]. Constant weights are [columns, depth],
 * shared by the batch, and come to prepare; otherwise the second operand is the second input. */
typedef struct {
  int64_t batch, rows, depth, columns;
  int32_t has_constant_weights;
  luthier_epilogue epilogue;
} luthier_matrix_multiply;

/* Sizes, outermost first. */
typedef struct {
  int32_t rank;
  int64_t sizes[8];
} luthier_shape;

/* Corresponding elements, broadcast as NumPy does: sizes are aligned at the last axis and a size of one stretches. */
typedef struct {
  int32_t function;   /* enum luthier_function */
  int32_t activation; /* enum luthier_activation, applied last, with its numbers */
  float a, b;
  luthier_shape left, right, output; /* right is of rank 0 and unused for LUTHIER_UNARY and LUTHIER_SQUARE_ROOT */
} luthier_elementwise;

/* One operation with all its sizes, which have been checked: no size is negative, none overflows, all fit together. */
typedef struct {
  int32_t operation; /* enum luthier_operation: which of the following holds */
  union {
    luthier_convolution convolution;
    luthier_pooling pooling;
    luthier_matrix_multiply matrix_multiply;
    luthier_elementwise elementwise;
  } of;
} luthier_problem;

/* What a run reads and writes. */
typedef struct {
  const float *const *inputs; /* the activations in order: the input(s), then the residual if there is one */
  float *output;
  void *workspace;            /* workspace_size(prepared, worker_count) bytes, aligned to 64, shared by all workers */
  int32_t phase;              /* from 0 to phase_count - 1; every worker ends a phase before any begins the next */
  int32_t worker;             /* from 0 to worker_count - 1: which share of the work this call does */
  int32_t worker_count;
} luthier_run_arguments;

/* A kernel. */
typedef struct {
  const char *identifier; /* "family.algorithm", of letters, digits, '.', '-' and '_'; the stable name in databases */
  int32_t version;        /* from 1; counts up when a change may alter times or results: stored times become stale */
  int32_t operation;      /* enum luthier_operation */
  int32_t layout;         /* enum luthier_layout */

  /* Error class: an exact kernel's largest error over the largest output magnitude stays within tolerance, at most 1e-3
   * (0 means 1e-5). An approximate kernel competes only where the user allows an error; 0 means that it is measured. */
  int32_t is_approximate;
  float tolerance;

  /* The fraction of peak that the author expects; decides only where nobody has tuned. 0 means one half. */
  double expected_efficiency;

  /* The names of the tunable numbers; NULL and 0 for none. */
  const char *const *parameter_names;
  int32_t parameter_count;

  /* Nonzero when the kernel solves the problem. Otherwise a reason that a person can read is written to reason, at most
   * capacity bytes with its terminating zero. */
  int32_t (*applies)(const luthier_problem *problem, char *reason, size_t capacity);

  /* How many configurations are worth trying, at least 1, and the index-th one, parameter_count numbers, the best guess
   * first. Both NULL for a kernel without tunable numbers. */
  int32_t (*configuration_count)(const luthier_problem *problem);
  void (*configuration)(const luthier_problem *problem, int32_t index, int64_t *values);

  /* Packs the weights, once. weights and bias are NULL where the problem has none; configuration holds parameter_count
   * numbers, which may come from somebody else's database. NULL refuses them. Several threads may call it at once, each for
   * another layer. */
  void *(*prepare)(
      const luthier_problem *problem, const int64_t *configuration, const float *weights, const float *bias);

  /* Bytes of scratch memory for all workers together. NULL: none. */
  int64_t (*workspace_size)(const void *prepared, int32_t worker_count);

  /* How many phases a run has, at least 1. NULL: one. */
  int32_t (*phase_count)(const void *prepared);

  /* Does one worker's share of one phase. Allocates nothing, locks nothing, waits for nobody. */
  void (*run)(const void *prepared, const luthier_run_arguments *arguments);

  /* Frees what prepare made; no run is under way. */
  void (*destroy)(void *prepared);
} luthier_kernel;

/* A plugin. */
typedef struct {
  int32_t abi_version;     /* LUTHIER_PLUGIN_ABI_VERSION, stays the first member in every version */
  int32_t kernel_count;
  const char *name;        /* for tables: "mine" */
  const char *version;     /* for tables: "1.0.0" */
  const luthier_kernel *kernels;
} luthier_plugin;

/* What a plugin exports. NULL means that it cannot serve on this machine. */
#if defined(_WIN32)
__declspec(dllexport)
#elif defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const luthier_plugin *luthier_plugin_entry(void);

#ifdef __cplusplus
}
#endif
#endif
