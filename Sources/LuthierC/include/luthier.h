/* Luthier's C interface: load a network with a tuned profile, run it, free it.
 *
 * Link with -lLuthierC. Functions that can fail return 0 or NULL on success as documented and leave a one-line text for
 * luthier_error().
 *
 * There are two levels. The first, luthier_load and luthier_run, is for networks of 32-bit floats whose shapes are known: arrays
 * of floats, dense and row-major, [N, C, H, W] for pictures. The second, luthier_load_model, luthier_run_tensors and
 * luthier_run_into, takes models with inputs of any type, and of shapes that differ from run to run. What describes a network and
 * frees it belongs to both, and both run what either has loaded.
 *
 * A network may be used by any number of threads at once: each run works in memory of its own.
 *
 * Paths are any bytes that the system takes; weights that lie in files beside the model's need a path that is UTF-8.
 */
#ifndef LUTHIER_H
#define LUTHIER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts up when a function below changes; functions are never removed within one major version. */
#define LUTHIER_C_ABI_VERSION 1

/* Counts up when functions are added: those of the second level came with 2, luthier_compile with 3. */
#define LUTHIER_C_API_LEVEL 3

/* The LUTHIER_C_ABI_VERSION that the library was built with. */
int32_t luthier_abi_version(void);

/* The LUTHIER_C_API_LEVEL that the library was built with. A library of level 1 has no such function. */
int32_t luthier_api_level(void);

/* A network that is ready to run. */
typedef struct luthier_network luthier_network;

/* How a network is loaded. Zeros and NULLs everywhere mean the defaults. What is out of range, or other than what the model
 * fixes, is an error that names it. */
typedef struct {
  int32_t threads;           /* 1 to 1024; 0 means 1 */
  const char *profile;       /* a database file with a tuned profile, or a folder, which has to be there; NULL: where tune writes */
  int32_t batch;             /* pictures in a run, where the model leaves it open; 0 means 1 */
  int32_t height, width;     /* rows and columns, where the model leaves them open, both or none; 0: 224 for named networks */
  int32_t channels_last;     /* nonzero: pictures come as [N, H, W, C] */
} luthier_options;

/* Loads an ONNX file, or a network of the catalog by its name ("shufflenet_v2_x1_0") with weights from a seed.
 * Sizes that the model leaves open are fixed to what the options say, the batch to 1 where they say nothing. What they do not tell
 * either stays open: such a network, and one whose inputs or outputs are no 32-bit floats, loads, but luthier_run refuses it in
 * one line, and luthier_run_tensors runs it. NULL on failure. options may be NULL. */
luthier_network *luthier_load(const char *model, const luthier_options *options);

/* How many inputs and outputs the network has. */
int32_t luthier_input_count(const luthier_network *network);
int32_t luthier_output_count(const luthier_network *network);

/* The name of an input or output; NULL if there is none of that index. Valid until the network is freed. */
const char *luthier_input_name(const luthier_network *network, int32_t index);
const char *luthier_output_name(const luthier_network *network, int32_t index);

/* The shape is one of which not even the number of sizes is known. */
#define LUTHIER_ANY_RANK (-2)

/* Writes at most capacity sizes to shape and returns the rank; -1 if there is none of that index, LUTHIER_ANY_RANK where the model
 * does not say the rank. A size that differs from run to run is -1; of a whole network of layers, and of every input that
 * luthier_load fixed, all are known. The sizes are the model's, [N, C, H, W] for pictures, whatever channels_last is. */
int32_t luthier_input_shape(const luthier_network *network, int32_t index, int64_t *shape, int32_t capacity);
int32_t luthier_output_shape(const luthier_network *network, int32_t index, int64_t *shape, int32_t capacity);

/* Runs the network once: inputs[i] is read, outputs[i] is written, each as many floats as its shape has.
 * Allocates nothing after the first call on a thread, where the network is a whole one. 0 on success, -1 on failure. */
int32_t luthier_run(luthier_network *network, const float *const *inputs, float *const *outputs);

/* Why the last call on this thread failed; never NULL. Valid until the next call on this thread. */
const char *luthier_error(void);

/* Frees the network; no run may be under way. NULL is allowed. */
void luthier_free(luthier_network *network);

/* ---- The second level: elements of every type, sizes that stay open. ---- */

/* What the elements of a tensor are; the numbers are ONNX's. Integers of 4 and 2 bits lie one in a byte, truth values are bytes
 * of 0 and 1. */
typedef enum {
  LUTHIER_UNKNOWN = 0,  /* an output of which the model does not say */
  LUTHIER_F32 = 1,
  LUTHIER_U8 = 2,
  LUTHIER_S8 = 3,
  LUTHIER_U16 = 4,
  LUTHIER_S16 = 5,
  LUTHIER_S32 = 6,
  LUTHIER_S64 = 7,
  LUTHIER_BOOL = 9,
  LUTHIER_F16 = 10,
  LUTHIER_F64 = 11,
  LUTHIER_U32 = 12,
  LUTHIER_U64 = 13,
  LUTHIER_BF16 = 16,
  LUTHIER_U4 = 21,
  LUTHIER_S4 = 22,
  LUTHIER_U2 = 25,
  LUTHIER_S2 = 26
} luthier_type;

/* The most sizes that a shape has. */
#define LUTHIER_MAX_RANK 8

/* The whole shape of one input. */
typedef struct {
  const char *input;         /* its name */
  int32_t rank;              /* 0 to LUTHIER_MAX_RANK */
  int64_t sizes[LUTHIER_MAX_RANK];
} luthier_shape;

/* How a model is loaded. size is sizeof(luthier_load_options), so that programs and libraries of different age agree; zeros and
 * NULLs everywhere else mean the defaults. What is out of range is an error that names it. */
typedef struct {
  uint64_t size;
  int64_t threads;             /* 1 to 1024; 0 means 1 */
  int64_t batch;               /* the first size, where the model leaves it open; 0: not told */
  int64_t height, width;       /* rows and columns, where the model leaves them open, both or none; 0: not told */
  const char *profile;         /* as in luthier_options */
  double max_error;            /* what 'tune --max-error' was given: the error at the outputs that approximate kernels may make */
  const luthier_shape *shapes; /* whole shapes of inputs, which win over batch, height and width */
  int64_t shape_count;
  int32_t channels_last;       /* nonzero: inputs of rank 4 come as [N, H, W, C] */
  int32_t reserved;            /* 0 */
} luthier_load_options;

/* Loads an ONNX file of any operators, types and shapes, or a network of the catalog by its name. Where the options tell all sizes
 * that the model leaves open, those are for good; else they stay open, each run may have others, and the latest 8 sets of shapes
 * are ready. NULL on failure. options may be NULL. */
luthier_network *luthier_load_model(const char *model, const luthier_load_options *options);

/* Writes what luthier_load_model would load as a compiled network: one file with the layers, the kernels and their packed weights,
 * which luthier_load and luthier_load_model map when they are given its path in place of the model's. The options have to tell all
 * sizes that the model leaves open. The file is for this kind of host and this version of the library; it is written as a whole or
 * not at all. 0 on success. options may be NULL. */
int32_t luthier_compile(const char *model, const char *output, const luthier_load_options *options);

/* As luthier_load_model, of count bytes of an ONNX file or of a compiled network, which are copied. */
luthier_network *luthier_load_bytes(const void *bytes, int64_t count, const luthier_load_options *options);

/* What the elements of an input or output are, a luthier_type; -1 if there is none of that index. */
int32_t luthier_input_type(const luthier_network *network, int32_t index);
int32_t luthier_output_type(const luthier_network *network, int32_t index);

/* Elements that are read, dense and row-major. data may be NULL where a size is 0. */
typedef struct {
  const void *data;
  int32_t type;              /* a luthier_type */
  int32_t rank;              /* 0, a single number, to LUTHIER_MAX_RANK */
  int64_t shape[LUTHIER_MAX_RANK];
} luthier_tensor;

/* Room for elements that are written. */
typedef struct {
  void *data;
  int32_t type;
  int32_t rank;
  int64_t shape[LUTHIER_MAX_RANK];
} luthier_buffer;

/* What a run has computed. */
typedef struct luthier_results luthier_results;

/* Runs the network once. A network that was loaded with channels_last takes inputs of rank 4 with the shape [N, H, W, C].
 * NULL on failure. */
luthier_results *luthier_run_tensors(luthier_network *network, const luthier_tensor *inputs, int32_t input_count);

/* How many outputs there are. */
int32_t luthier_results_count(const luthier_results *results);

/* Describes one output; its data are there until the results are freed. 0 on success, -1 if there is none of that index. */
int32_t luthier_results_tensor(const luthier_results *results, int32_t index, luthier_tensor *tensor);

/* Frees the results. NULL is allowed. */
void luthier_results_free(luthier_results *results);

/* Runs the network once, and writes the outputs to memory of the caller, which has to be of their types and shapes; no output may
 * overlap another or an input. Allocates nothing after the first call on a thread, where the network is a whole one and the data
 * are aligned to their elements. 0 on success, -1 on failure. */
int32_t luthier_run_into(
    luthier_network *network, const luthier_tensor *inputs, int32_t input_count, const luthier_buffer *outputs,
    int32_t output_count);

#ifdef __cplusplus
}
#endif
#endif
