#if OneDNN
  import COneDNN
  import COpenMP
  import LayerKernels

  /// oneDNN as it is installed.
  enum OneDNN {
    /// The library.
    static let library: VendorLibrary = {
      let version = dnnl_version().pointee
      return VendorLibrary(
        name: "oneDNN", major: Int(version.major), minor: Int(version.minor), patch: Int(version.patch))
    }()

    /// The processor, as oneDNN sees it.
    ///
    /// `@unchecked Sendable`: never changed once it is made, and oneDNN lets any number of threads use one.
    struct Engine: @unchecked Sendable {
      let pointer: OpaquePointer

      fileprivate init() throws(OneDNNError) {
        var engine: OpaquePointer?
        try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine")
        guard let engine else { throw OneDNNError(asked: "an engine", answer: "nothing") }
        pointer = engine
      }
    }

    private static let sharedEngine = Result { () throws(OneDNNError) in try Engine() }

    /// The engine that all primitives share.
    static func engine() throws(OneDNNError) -> Engine { try sharedEngine.get() }

    /// Calls oneDNN so that it works on this thread alone.
    ///
    /// Debian's oneDNN takes its threads from OpenMP. It asks for symbols of libgomp's versions (`OMP_1.0`, `GOMP_4.0`), which
    /// libomp has too; a program that links Luthier has libomp before libgomp, which only oneDNN brings along, in the order in
    /// which symbols are looked for, so that both use one runtime. There, members of Luthier's team are in a parallel region, in
    /// which oneDNN starts no other; for a caller without a team, and where primitives are made, the thread's own number of
    /// threads is 1 for as long as oneDNN has it. A test counts the process's threads.
    static func onThisThread<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
      let before = omp_get_max_threads()
      if before != 1 { omp_set_num_threads(1) }
      defer { if before != 1 { omp_set_num_threads(before) } }
      try body()
    }

    /// - Throws: ``OneDNNError`` unless the status is success.
    static func check(_ status: dnnl_status_t, _ asked: String) throws(OneDNNError) {
      guard status != dnnl_success else { return }
      throw OneDNNError(asked: asked, answer: String(cString: dnnl_status2str(status)))
    }

    /// A dense or strided activation, filter or bias of 32-bit floats.
    static func descriptor(_ sizes: [Int], strides: [Int]) throws(OneDNNError) -> dnnl_memory_desc_t {
      var descriptor = dnnl_memory_desc_t()
      try check(
        dnnl_memory_desc_init_by_strides(
          &descriptor, Int32(sizes.count), sizes.map(Int64.init), dnnl_f32, strides.map(Int64.init)),
        "memory of sizes \(sizes)")
      return descriptor
    }

    /// Memory in the layout that oneDNN likes best.
    static func anyLayout(_ sizes: [Int]) throws(OneDNNError) -> dnnl_memory_desc_t {
      var descriptor = dnnl_memory_desc_t()
      try check(
        dnnl_memory_desc_init_by_tag(
          &descriptor, Int32(sizes.count), sizes.map(Int64.init), dnnl_f32, dnnl_format_tag_any),
        "memory of sizes \(sizes)")
      return descriptor
    }

    /// Calls `body` with the address of a descriptor, or with nil.
    static func withPointer<Result>(
      to descriptor: dnnl_memory_desc_t?, _ body: (UnsafePointer<dnnl_memory_desc_t>?) -> Result
    ) -> Result {
      guard let descriptor else { return body(nil) }
      return withUnsafePointer(to: descriptor) { body($0) }
    }

    /// The strides of a dense tensor, the last index fastest.
    static func denseStrides(_ sizes: [Int]) -> [Int] {
      var strides = [Int](repeating: 1, count: sizes.count)
      for axis in sizes.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * sizes[axis + 1] }
      return strides
    }
  }

  /// What oneDNN answered instead of giving what was asked for.
  struct OneDNNError: Error, CustomStringConvertible {
    let asked: String
    let answer: String

    var description: String { "oneDNN was asked for \(asked) and answered '\(answer)'" }
  }

  /// An object of oneDNN, freed with its last reference.
  ///
  /// `@unchecked Sendable`: a pointer that is set once; primitives and constants behind it never change, and what a run
  /// changes belongs to that run alone (``RunStatePool``).
  final class OneDNNObject: @unchecked Sendable {
    let pointer: OpaquePointer
    private let destroy: (OpaquePointer) -> dnnl_status_t

    /// Takes over what `make` stores.
    init(
      _ asked: String, freedBy destroy: @escaping (OpaquePointer) -> dnnl_status_t,
      _ make: (UnsafeMutablePointer<OpaquePointer?>) -> dnnl_status_t
    ) throws(OneDNNError) {
      var pointer: OpaquePointer?
      try OneDNN.check(make(&pointer), asked)
      guard let pointer else { throw OneDNNError(asked: asked, answer: "nothing") }
      self.pointer = pointer
      self.destroy = destroy
    }

    deinit { _ = destroy(pointer) }

    /// Memory at an address that is set before each use; with `allocates`, memory of oneDNN's own.
    static func memory(
      _ descriptor: dnnl_memory_desc_t, allocates: Bool = false
    ) throws(OneDNNError) -> OneDNNObject {
      let engine = try OneDNN.engine()
      var descriptor = descriptor
      return try OneDNNObject("memory", freedBy: { dnnl_memory_destroy($0) }) {
        dnnl_memory_create(
          $0, &descriptor, engine.pointer, UnsafeMutableRawPointer(bitPattern: allocates ? UInt.max : 0))
      }
    }

    /// Where a memory's data lie from now on.
    func point(to address: UnsafeMutableRawPointer) { _ = dnnl_memory_set_data_handle(pointer, address) }
  }
#endif
