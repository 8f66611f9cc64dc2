#if XNNPACK
  import CXNNPACK
  import LayerKernels

  /// XNNPACK as it is installed.
  enum XNNPACK {
    /// The library.
    static let library: VendorLibrary = {
      var identity = luthier_xnnpack_identity()
      let bytes = withUnsafeBytes(of: &identity.bytes) { Array($0.prefix(Int(identity.count))) }
      return VendorLibrary(name: "XNNPACK", build: bytes)
    }()

    private static let start = xnn_initialize(nil)

    /// - Throws: ``XNNPACKError`` where XNNPACK does not run on this processor.
    static func initialize() throws(XNNPACKError) { try check(start, "to start") }

    /// - Throws: ``XNNPACKError`` unless the status is success.
    static func check(_ status: xnn_status, _ asked: String) throws(XNNPACKError) {
      guard status != xnn_status_success else { return }
      throw XNNPACKError(asked: asked, status: status.rawValue)
    }
  }

  /// What XNNPACK answered instead of doing what it was asked for.
  struct XNNPACKError: Error, CustomStringConvertible {
    let asked: String
    let status: UInt32

    var description: String { "XNNPACK was asked \(asked) and answered with status \(status)" }
  }
#endif
