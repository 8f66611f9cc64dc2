import Foundation
import Luthier
import Testing

@Suite("The C interface's typed tensors")
struct TypedInterfaceTests {
  /// What the programs begin with.
  static let beginning = """
    #include "luthier.h"
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #define CHECK(condition) do { if (!(condition)) { \\
      fprintf(stderr, "line %d: %s (%s)\\n", __LINE__, #condition, luthier_error()); exit(1); } } while (0)
    /* That the condition holds and the error says the text, in one line. */
    #define FAILS(condition, text) do { CHECK(condition); \\
      if (!strstr(luthier_error(), text) || strchr(luthier_error(), '\\n')) { \\
        fprintf(stderr, "line %d: '%s' does not say '%s'\\n", __LINE__, luthier_error(), text); exit(1); } } while (0)

    """

  /// Compiles a `main` and runs it on models' files.
  static func run(_ main: String, _ models: [SmallModel]) throws -> (status: Int32, output: String, errors: String) {
    let folder = try TemporaryFolder()
    let paths = try models.enumerated().map { try folder.file("model\($0).onnx", $1.data) }
    return try withExtendedLifetime(folder) {
      try CInterfaceTests.execute([CInterfaceTests.compile(beginning + main, in: folder)] + paths, folder: folder.url)
    }
  }

  @Test("A program that was compiled with the first header runs as ever, and reads that the version is 1")
  func firstVersion() throws {
    let folder = try TemporaryFolder()
    // The first header, as it was: the layout of the options and the functions' types.
    let source = """
      #include <stdint.h>
      #include <stdio.h>
      int32_t luthier_abi_version(void);
      typedef struct luthier_network luthier_network;
      typedef struct {
        int32_t threads;
        const char *profile;
        int32_t batch;
        int32_t height, width;
        int32_t channels_last;
      } luthier_options;
      luthier_network *luthier_load(const char *model, const luthier_options *options);
      int32_t luthier_input_count(const luthier_network *network);
      int32_t luthier_input_shape(const luthier_network *network, int32_t index, int64_t *shape, int32_t capacity);
      int32_t luthier_output_shape(const luthier_network *network, int32_t index, int64_t *shape, int32_t capacity);
      int32_t luthier_run(luthier_network *network, const float *const *inputs, float *const *outputs);
      const char *luthier_error(void);
      void luthier_free(luthier_network *network);
      int main(int count, char **arguments) {
        if (count != 2 || luthier_abi_version() != 1) return 1;
        luthier_options options = {.threads = 2, .batch = 2, .height = 1, .width = 2, .channels_last = 1};
        luthier_network *network = luthier_load(arguments[1], &options);
        if (network == NULL) return puts(luthier_error()), 2;
        int64_t shape[8];
        if (luthier_input_count(network) != 1 || luthier_input_shape(network, 0, shape, 8) != 4) return 3;
        if (shape[0] != 2 || shape[1] != 3 || shape[2] != 1 || shape[3] != 2) return 4;
        if (luthier_output_shape(network, 0, shape, 8) != 4 || shape[0] != 2) return 5;
        static float pictures[12] = {1, 10, 100, 3, 30, 300, 5, 50, 500, 7, 70, 700}, means[6];
        if (luthier_run(network, (const float *[]){pictures}, (float *[]){means}) != 0) return 6;
        for (int index = 0; index < 6; index++) printf("%g ", means[index]);
        luthier_free(network);
        // What the file leaves open and nobody tells is 1 for the batch, and stays open for the rest.
        network = luthier_load(arguments[1], NULL);
        if (network == NULL || luthier_input_shape(network, 0, shape, 8) != 4 || shape[2] != -1) return 7;
        if (luthier_run(network, (const float *[]){pictures}, (float *[]){means}) != -1) return 8;
        puts(luthier_error());
        return 0;
      }
      """
    let model = try folder.file("means.onnx", SmallModel.means.data)
    let run = try CInterfaceTests.execute([CInterfaceTests.compile(source, in: folder), model], folder: folder.url)
    #expect(run.status == 0, "\(run.status): \(run.output) \(run.errors)")
    #expect(run.output.hasPrefix("2 20 200 6 60 600 input 'x' is f32 ?x3x?x?; luthier_run takes f32 of known sizes"))
    #expect(run.output.split(separator: "\n").count == 1)
  }

  @Test("A model that is no network of floats loads by the first function, too; its run runs floats and refuses others")
  func firstVersionOfOtherModels() throws {
    let main = """
      int main(int count, char **arguments) {
        CHECK(count == 3);
        luthier_network *bytes = luthier_load(arguments[1], NULL);
        CHECK(bytes != NULL);
        float output[24];
        FAILS(luthier_run(bytes, (const float *[]){output}, (float *[]){output}) == -1, "input 'x' is u8 1x2x3x4");
        luthier_free(bytes);
        // Floats of known shapes run, though more than one network of layers runs them.
        luthier_network *floats = luthier_load(arguments[2], NULL);
        CHECK(floats != NULL);
        float input[4] = {1, 0, -2, 3}, result[4];
        CHECK(luthier_run(floats, (const float *[]){input}, (float *[]){result}) == 0);
        for (int index = 0; index < 4; index++) CHECK(result[index] == -input[index]);
        luthier_free(floats);
        return 0;
      }
      """
    let negated = SmallModel(
      [
        .init("Cast", ["x"], ["wide"], [("to", 11)]), .init("Neg", ["wide"], ["minus"]),
        .init("Cast", ["minus"], ["y"], [("to", 1)]),
      ], inputs: [.init("x", 1, "2 x 2")], outputs: [.init("y", 1, "2 x 2")])
    let run = try Self.run(main, [.bytes, negated])
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("Types have ONNX's numbers, open sizes are -1, and structures are laid out as the library reads them")
  func descriptions() throws {
    let main = """
      _Static_assert(sizeof(luthier_tensor) == 80 && sizeof(luthier_buffer) == 80 && sizeof(luthier_shape) == 80, "");
      _Static_assert(sizeof(luthier_load_options) == 80, "");
      int main(int count, char **arguments) {
        CHECK(count == 3 && luthier_api_level() == LUTHIER_C_API_LEVEL);
        luthier_network *sum = luthier_load_model(arguments[1], NULL);
        CHECK(sum != NULL && luthier_input_count(sum) == 2 && luthier_output_count(sum) == 2);
        CHECK(luthier_input_type(sum, 0) == LUTHIER_S32 && luthier_input_type(sum, 1) == LUTHIER_F64);
        CHECK(luthier_output_type(sum, 0) == LUTHIER_F64 && luthier_output_type(sum, 1) == LUTHIER_S64);
        CHECK(luthier_input_type(sum, 2) == -1 && luthier_input_type(sum, -1) == -1 && luthier_output_type(NULL, 0) == -1);
        int64_t shape[8];
        CHECK(luthier_input_shape(sum, 0, shape, 8) == 2 && shape[0] == -1 && shape[1] == 2);
        luthier_free(sum);
        // Told sizes are for good.
        luthier_shape shapes[] = {{.input = "x", .rank = 4, .sizes = {2, 3, 4, 5}}};
        luthier_load_options options = {.size = sizeof options, .shapes = shapes, .shape_count = 1};
        luthier_network *means = luthier_load_model(arguments[2], &options);
        CHECK(means != NULL && luthier_output_shape(means, 0, shape, 8) == 4 && shape[0] == 2 && shape[1] == 3);
        luthier_free(means);
        return 0;
      }
      """
    let run = try Self.run(main, [.sum, .means])
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("Inputs of any type and of other sizes each time give results of the model's types")
  func runs() throws {
    let main = """
      int main(int count, char **arguments) {
        CHECK(count == 2);
        FILE *file = fopen(arguments[1], "rb");
        static char content[65536];
        int64_t length = (int64_t)fread(content, 1, sizeof content, file);
        luthier_network *sum = luthier_load_bytes(content, length, NULL);
        CHECK(sum != NULL);
        memset(content, 0, sizeof content);
        for (int64_t rows = 0; rows < 12; rows++) {
          int32_t a[24];
          for (int index = 0; index < 24; index++) a[index] = index * 3;
          double b[2] = {0.5, -1};
          luthier_tensor inputs[] = {{a, LUTHIER_S32, 2, {rows, 2}}, {b, LUTHIER_F64, 1, {2}}};
          if (rows == 0) inputs[0].data = NULL;
          luthier_results *results = luthier_run_tensors(sum, inputs, 2);
          CHECK(results != NULL && luthier_results_count(results) == 2);
          luthier_tensor output, shape;
          CHECK(luthier_results_tensor(results, 0, &output) == 0 && luthier_results_tensor(results, 1, &shape) == 0);
          CHECK(output.type == LUTHIER_F64 && output.rank == 2 && output.shape[0] == rows && output.shape[1] == 2);
          for (int index = 0; index < 2 * rows; index++) CHECK(((const double *)output.data)[index] == a[index] + b[index % 2]);
          CHECK(shape.type == LUTHIER_S64 && shape.rank == 1 && shape.shape[0] == 2 && ((const int64_t *)shape.data)[0] == rows);
          FAILS(luthier_results_tensor(results, 2, &output) == -1, "index");
          // The same into memory of the caller.
          double room[24];
          int64_t sizes[2];
          luthier_buffer outputs[] = {{room, LUTHIER_F64, 2, {rows, 2}}, {sizes, LUTHIER_S64, 1, {2}}};
          CHECK(luthier_run_into(sum, inputs, 2, outputs, 2) == 0);
          CHECK(sizes[0] == rows && (rows == 0 || memcmp(room, output.data, (size_t)rows * 16) == 0));
          luthier_results_free(results);
        }
        luthier_results_free(NULL);
        luthier_free(sum);
        return 0;
      }
      """
    let run = try Self.run(main, [.sum])
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("Pictures as [N, H, W, C] give what [N, C, H, W] gives, of open and of told sizes")
  func channelsLast() throws {
    let main = """
      int main(int count, char **arguments) {
        CHECK(count == 3);
        for (int told = 0; told < 2; told++) {
          luthier_load_options options = {.size = sizeof options, .channels_last = 1};
          if (told) options.batch = 1, options.height = 1, options.width = 2;
          luthier_network *means = luthier_load_model(arguments[1], &options);
          CHECK(means != NULL);
          float picture[] = {1, 10, 100, 3, 30, 300}, result[3];
          luthier_tensor input = {picture, LUTHIER_F32, 4, {1, 1, 2, 3}};
          luthier_buffer output = {result, LUTHIER_F32, 4, {1, 3, 1, 1}};
          CHECK(luthier_run_into(means, &input, 1, &output, 1) == 0);
          CHECK(result[0] == 2 && result[1] == 20 && result[2] == 200);
          luthier_tensor other = {picture, LUTHIER_F32, 4, {1, 3, 1, 2}};
          FAILS(luthier_run_tensors(means, &other, 1) == NULL, "[N, H, W, C]");
          luthier_free(means);
        }
        luthier_load_options options = {.size = sizeof options, .channels_last = 1};
        luthier_network *bytes = luthier_load_model(arguments[2], &options);
        uint8_t picture[24];
        for (int index = 0; index < 24; index++) picture[index] = (uint8_t)index;
        luthier_tensor input = {picture, LUTHIER_U8, 4, {1, 3, 4, 2}};
        luthier_results *results = luthier_run_tensors(bytes, &input, 1);
        luthier_tensor output;
        CHECK(results != NULL && luthier_results_tensor(results, 0, &output) == 0 && output.shape[1] == 2);
        for (int channel = 0; channel < 2; channel++)
          for (int pixel = 0; pixel < 12; pixel++)
            CHECK(((const float *)output.data)[channel * 12 + pixel] == -(float)(pixel * 2 + channel));
        luthier_results_free(results);
        luthier_free(bytes);
        luthier_network *plain = luthier_load_model(arguments[2], NULL);
        FAILS(luthier_run_tensors(plain, &input, 1) == NULL, "channels_last");
        luthier_free(plain);
        return 0;
      }
      """
    let run = try Self.run(main, [.means, .bytes])
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("Every count, type, size and address that does not fit is an error of one line that names it")
  func refusals() throws {
    let main = """
      int main(int count, char **arguments) {
        CHECK(count == 5);
        float data[64] = {0};
        luthier_network *means = luthier_load_model(arguments[1], NULL);
        luthier_tensor good = {data, LUTHIER_F32, 4, {1, 3, 2, 2}}, bad;
        luthier_buffer room = {data + 32, LUTHIER_F32, 4, {1, 3, 1, 1}}, small;
        CHECK(luthier_run_into(means, &good, 1, &room, 1) == 0);
        FAILS(luthier_run_tensors(NULL, &good, 1) == NULL, "network");
        FAILS(luthier_run_tensors(means, &good, 2) == NULL, "1 inputs, but 2");
        FAILS(luthier_run_tensors(means, &good, -1) == NULL, "-1");
        FAILS(luthier_run_tensors(means, NULL, 1) == NULL, "NULL");
        FAILS(luthier_run_into(means, &good, 1, &room, 0) == -1, "1 outputs, but 0");
        FAILS(luthier_run_into(means, &good, 1, NULL, 1) == -1, "NULL");
        FAILS((bad = good, bad.data = NULL, luthier_run_tensors(means, &bad, 1) == NULL), "input 'x' is NULL");
        FAILS((bad = good, bad.type = 99, luthier_run_tensors(means, &bad, 1) == NULL), "99");
        FAILS((bad = good, bad.type = LUTHIER_F64, luthier_run_tensors(means, &bad, 1) == NULL), "f64");
        FAILS((bad = good, bad.rank = 9, luthier_run_tensors(means, &bad, 1) == NULL), "rank of input 'x' is 9");
        FAILS((bad = good, bad.rank = -1, luthier_run_tensors(means, &bad, 1) == NULL), "-1");
        FAILS((bad = good, bad.rank = 3, luthier_run_tensors(means, &bad, 1) == NULL), "1x3x2");
        FAILS((bad = good, bad.shape[1] = 4, luthier_run_tensors(means, &bad, 1) == NULL), "1x4x2x2");
        FAILS((bad = good, bad.shape[2] = -1, luthier_run_tensors(means, &bad, 1) == NULL), "negative");
        FAILS((bad = good, bad.shape[2] = INT64_MAX, luthier_run_tensors(means, &bad, 1) == NULL), "elements");
        FAILS((small = room, small.data = NULL, luthier_run_into(means, &good, 1, &small, 1) == -1), "output 'y' is NULL");
        FAILS((small = room, small.shape[1] = 2, luthier_run_into(means, &good, 1, &small, 1) == -1), "1x2x1x1");
        FAILS((small = room, small.type = LUTHIER_S32, luthier_run_into(means, &good, 1, &small, 1) == -1), "s32");
        FAILS((small = room, small.type = 8, luthier_run_into(means, &good, 1, &small, 1) == -1), "8");
        luthier_free(means);

        luthier_load_options options = {.size = sizeof options, .batch = 1, .height = 2, .width = 2};
        luthier_network *whole = luthier_load_model(arguments[1], &options);
        CHECK(luthier_run_into(whole, &good, 1, &room, 1) == 0);
        FAILS((small = room, small.data = data + 11, luthier_run_into(whole, &good, 1, &small, 1) == -1), "overlap");
        // An address between two floats is read and written all the same.
        char odd[64];
        float numbers[12] = {1, 2, 3, 6}, result[3];
        memcpy(odd + 1, numbers, sizeof numbers);
        luthier_tensor unaligned = {odd + 1, LUTHIER_F32, 4, {1, 3, 2, 2}};
        CHECK(luthier_run_into(whole, &unaligned, 1, &(luthier_buffer){odd + 1, LUTHIER_F32, 4, {1, 3, 1, 1}}, 1) == 0);
        memcpy(result, odd + 1, sizeof result);
        CHECK(result[0] == 3 && result[1] == 0);
        luthier_free(whole);

        luthier_network *sum = luthier_load_model(arguments[2], NULL);
        int32_t a[2] = {1, 2};
        double b[2] = {3, 4}, shared[4];
        luthier_tensor inputs[] = {{a, LUTHIER_S32, 2, {1, 2}}, {b, LUTHIER_F64, 1, {2}}};
        luthier_buffer outputs[] = {{shared, LUTHIER_F64, 2, {1, 2}}, {shared + 1, LUTHIER_S64, 1, {2}}};
        FAILS(luthier_run_into(sum, inputs, 2, outputs, 2) == -1, "overlap");
        luthier_free(sum);

        luthier_network *small_integers = luthier_load_model(arguments[3], NULL);
        int8_t digits[2] = {-8, 7};
        luthier_tensor digit = {digits, LUTHIER_S4, 2, {1, 2}};
        luthier_results *results = luthier_run_tensors(small_integers, &digit, 1);
        CHECK(results != NULL);
        luthier_results_free(results);
        digits[1] = 8;
        FAILS(luthier_run_tensors(small_integers, &digit, 1) == NULL, "8; s4 is -8 to 7");
        luthier_free(small_integers);

        // Names come from files: none begins another line, or steers a terminal.
        luthier_network *named = luthier_load_model(arguments[4], NULL);
        luthier_tensor numbers64 = {NULL, LUTHIER_S64, 1, {2}};
        FAILS(luthier_run_tensors(named, &numbers64, 1) == NULL, "input 'a\\\\u{a}\\\\u{1b}b' is NULL");
        FAILS((numbers64.rank = 9, luthier_run_tensors(named, &numbers64, 1) == NULL), "rank");
        FAILS((numbers64.rank = 0, luthier_run_tensors(named, &numbers64, 1) == NULL), "scalar");
        luthier_free(named);
        return 0;
      }
      """
    let named = SmallModel(
      [.init("Identity", ["a\n\u{1b}b"], ["y"])], inputs: [.init("a\n\u{1b}b", 7, "n")], outputs: [.init("y", 7, "n")])
    let run = try Self.run(main, [.means, .sum, .identity(22), named])
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("Options that are out of range are errors of one line that names them")
  func options() throws {
    let main = """
      static luthier_load_options all(void) { return (luthier_load_options){.size = sizeof(luthier_load_options)}; }
      #define REFUSED(change, text) do { luthier_load_options o = all(); change; \\
        FAILS(luthier_load_model(arguments[1], &o) == NULL, text); } while (0)
      #define FIRST_REFUSED(options, text) do { luthier_options o = options; \\
        FAILS(luthier_load(arguments[1], &o) == NULL, text); } while (0)
      int main(int count, char **arguments) {
        CHECK(count == 2);
        REFUSED(o.size = 0, "size of luthier_load_options is 0");
        REFUSED(o.size = 8, "sizeof");
        REFUSED(o.size = UINT64_MAX, "sizeof");
        REFUSED(o.threads = -1, "threads is -1");
        REFUSED(o.threads = 1025, "threads is 1025; allowed are 1 to 1024");
        REFUSED(o.threads = INT64_C(4294967297), "threads is 4294967297");
        REFUSED(o.batch = -1, "batch is -1");
        REFUSED(o.batch = INT64_MAX, "batch is 9223372036854775807");
        REFUSED(o.height = 4, "give width, too");
        REFUSED(o.width = 4, "give height, too");
        REFUSED((o.height = -4, o.width = 4), "height is -4");
        REFUSED(o.max_error = -0.1, "max_error is -0.1");
        REFUSED(o.max_error = 0.0 / 0.0, "max_error is");
        REFUSED(o.profile = "no-such-folder", "no tuned database at no-such-folder");
        REFUSED(o.profile = "no-such-\\xff", "cannot read the profile no-such-");
        REFUSED(o.reserved = 1, "reserved");
        REFUSED(o.shape_count = -1, "shape_count is -1");
        REFUSED(o.shape_count = 1, "shapes is NULL");
        luthier_shape shapes[2] = {{NULL, 1, {1}}};
        REFUSED((o.shapes = shapes, o.shape_count = 1), "input of shapes[0] is NULL");
        shapes[0] = (luthier_shape){"z", 1, {1}};
        REFUSED((o.shapes = shapes, o.shape_count = 1), "no input 'z'");
        shapes[0] = (luthier_shape){"x", 9, {1}};
        REFUSED((o.shapes = shapes, o.shape_count = 1), "rank of shapes['x'] is 9");
        shapes[0] = (luthier_shape){"x", 4, {1, 2, 3, 4}};
        REFUSED((o.shapes = shapes, o.shape_count = 1), "?x3x?x?, which the model fixes; 1x2x3x4");
        shapes[0] = shapes[1] = (luthier_shape){"x", 4, {1, 3, 3, 4}};
        REFUSED((o.shapes = shapes, o.shape_count = 2), "twice");
        FIRST_REFUSED({.threads = -5}, "threads is -5");
        FIRST_REFUSED({.threads = 1025}, "threads is 1025");
        FIRST_REFUSED({.batch = -1}, "batch is -1");
        FIRST_REFUSED({.height = 7}, "give width, too");
        FIRST_REFUSED({.width = 7}, "give height, too");
        FAILS(luthier_load_model(NULL, NULL) == NULL, "path");
        FAILS(luthier_load_bytes(NULL, 5, NULL) == NULL, "NULL");
        FAILS(luthier_load_bytes("x", 0, NULL) == NULL, "0");
        FAILS(luthier_load_bytes("x", -1, NULL) == NULL, "-1");
        FAILS(luthier_load_bytes("hello, world", 12, NULL) == NULL, "no ONNX file");
        // Structures of later libraries are longer; what this one does not know has to be nothing.
        struct { luthier_load_options now; int64_t later[2]; } longer = {.now = {.size = sizeof longer}};
        luthier_network *network = luthier_load_model(arguments[1], &longer.now);
        CHECK(network != NULL);
        luthier_free(network);
        longer.later[1] = 1;
        FAILS(luthier_load_model(arguments[1], &longer.now) == NULL, "API level");
        return 0;
      }
      """
    let run = try Self.run(main, [.means])
    #expect(run.status == 0, "\(run.errors)")
  }

  #if DEBUG
    // Loops that are not optimised allocate their iterators.
    static let isDebug = 1
  #else
    static let isDebug = 0
  #endif

  #if os(Linux)
    @Test("A run into memory of the caller allocates nothing, where the network is a whole one")
    func allocations() throws {
      // The program's own allocator, which the library calls, too.
      let main = """
        extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
        extern void *__libc_memalign(size_t, size_t);
        static long allocations = 0;
        void *malloc(size_t size) { return allocations++, __libc_malloc(size); }
        void *calloc(size_t count, size_t size) { return allocations++, __libc_calloc(count, size); }
        void *realloc(void *old, size_t size) { return allocations++, __libc_realloc(old, size); }
        void *aligned_alloc(size_t alignment, size_t size) { return allocations++, __libc_memalign(alignment, size); }
        int posix_memalign(void **result, size_t alignment, size_t size) {
          return allocations++, (*result = __libc_memalign(alignment, size)) == NULL ? 12 : 0;
        }
        int main(int count, char **arguments) {
          CHECK(count == 2);
          static float picture[12] = {1, 2, 3, 6}, means[3];
          for (int channels_last = 0; channels_last < 2; channels_last++) {
            luthier_load_options options = {
              .size = sizeof options, .batch = 1, .height = 2, .width = 2, .channels_last = channels_last};
            long before = allocations;
            luthier_network *network = luthier_load_model(arguments[1], &options);
            CHECK(network != NULL && allocations > before + 10);
            luthier_tensor input = {picture, LUTHIER_F32, 4, {1, 3, 2, 2}};
            if (channels_last) input = (luthier_tensor){picture, LUTHIER_F32, 4, {1, 2, 2, 3}};
            luthier_buffer output = {means, LUTHIER_F32, 4, {1, 3, 1, 1}};
            CHECK(luthier_run_into(network, &input, 1, &output, 1) == 0);
            CHECK(luthier_run(network, (const float *[]){picture}, (float *[]){means}) == 0);
            before = allocations;
            for (int run = 0; run < 100; run++) CHECK(luthier_run_into(network, &input, 1, &output, 1) == 0);
            long into = allocations - before;
            before = allocations;
            for (int run = 0; run < 100; run++) luthier_run(network, (const float *[]){picture}, (float *[]){means});
            long first = allocations - before;
            fprintf(stderr, "%ld allocations in 100 runs, %ld in those of the first level\\n", into, first);
            CHECK(into == first && (into == 0 || \(Self.isDebug)));
            luthier_free(network);
          }
          return 0;
        }
        """
      let run = try Self.run(main, [.means])
      #expect(run.status == 0, "\(run.errors)")
    }
  #endif
}
