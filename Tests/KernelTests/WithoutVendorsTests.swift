#if !OpenBLAS && !OneDNN && !XNNPACK
  import Foundation
  import LayerKernels
  import StandardKernels
  import Testing

  @Suite("Without the traits of other makers' libraries")
  struct WithoutVendorsTests {
    @Test("none of their kernels is registered, and none of the libraries is loaded")
    func nothing() throws {
      let registry = try KernelRegistry.standard()
      #expect(registry.allKernels.allSatisfy { registry.origin(of: $0) == .program })
      guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else {
        try Test.cancel("this system does not show which libraries a process has loaded")
      }
      // Not OpenBLAS: the low-rank kernels load the system's LAPACK, whose products may be OpenBLAS's.
      for name in ["libdnnl", "libXNNPACK", "libpthreadpool"] {
        #expect(!maps.contains(name), "\(name) is loaded")
      }
    }
  }
#endif
