import CKernelPlugin
import LayerKernels

/// What a C plugin says of itself, checked member by member: nothing that it wrote is trusted.
struct CPluginDescription {
  let name: String
  let version: String
  let kernels: [any LayerKernel]

  /// The most kernels of a plugin and the most tunable numbers of a kernel.
  private static let maximumCount = 1024
  /// The most bytes of a name.
  static let maximumNameLength = 200

  /// - Throws: ``PluginError`` when the version is another or a member cannot be.
  init(_ pointer: UnsafePointer<luthier_plugin>?, path: String) throws(PluginError) {
    guard let pointer else { throw .malformed(path: path, reason: "it says that it cannot serve on this machine") }
    // Before the versions agree nothing but the first member is known to be there.
    let found = UnsafeRawPointer(pointer).load(as: Int32.self)
    guard found == LUTHIER_PLUGIN_ABI_VERSION else {
      throw .version(path: path, found: found, expected: LUTHIER_PLUGIN_ABI_VERSION)
    }
    let plugin = pointer.pointee
    name = try Self.text(plugin.name, "name", path)
    version = try Self.text(plugin.version, "version", path)
    let count = Int(plugin.kernel_count)
    guard let first = plugin.kernels, (1...Self.maximumCount).contains(count) else {
      throw .malformed(path: path, reason: "it describes \(count) kernels; allowed are 1 to \(Self.maximumCount)")
    }
    var kernels: [any LayerKernel] = []
    for index in 0..<count { kernels.append(try Self.kernel(first + index, path)) }
    self.kernels = kernels
  }

  private static func kernel(
    _ pointer: UnsafePointer<luthier_kernel>, _ path: String
  ) throws(PluginError) -> any LayerKernel {
    let kernel = pointer.pointee
    let name = try text(kernel.identifier, "a kernel's identifier", path)
    func refuse(_ reason: String) -> PluginError { .malformed(path: path, reason: "kernel \(name) \(reason)") }
    guard let applies = kernel.applies, let prepare = kernel.prepare, let run = kernel.run, let destroy = kernel.destroy
    else { throw refuse("lacks one of applies, prepare, run and destroy") }
    guard kernel.version >= 1 else { throw refuse("has the version \(kernel.version); versions count from 1") }
    guard kernel.tolerance >= 0, kernel.tolerance <= (kernel.is_approximate != 0 ? 1 : 1e-3) else {
      throw refuse("has the tolerance \(kernel.tolerance); allowed are 0 to 1e-3, or to 1 if it is approximate")
    }
    guard (0...1000).contains(kernel.expected_efficiency) else {
      throw refuse("expects an efficiency of \(kernel.expected_efficiency)")
    }
    let isWindowed = [LUTHIER_CONVOLUTION.rawValue, LUTHIER_POOLING.rawValue].contains(
      UInt32(bitPattern: kernel.operation))
    guard kernel.layout == 0 || kernel.layout == 1 && isWindowed else {
      throw refuse("has the layout \(kernel.layout); 1 is for convolution and pooling, 0 for any operation")
    }
    let parameterCount = Int(kernel.parameter_count)
    guard (0...maximumCount).contains(parameterCount), parameterCount == 0 || kernel.parameter_names != nil else {
      throw refuse("has \(parameterCount) tunable numbers, but no list of as many names")
    }
    guard (kernel.configuration == nil) == (parameterCount == 0),
      (kernel.configuration_count == nil) == (parameterCount == 0)
    else { throw refuse("needs configuration and configuration_count exactly where it has tunable numbers") }
    var names: [String] = []
    for index in 0..<parameterCount {
      names.append(try text(kernel.parameter_names[index], "the name of a tunable number", path))
    }
    guard Set(names).count == names.count, !names.contains(where: { $0.contains { "=, ".contains($0) } }) else {
      throw refuse("has tunable numbers whose names are equal or hold '=', ',' or a space")
    }
    let functions = CKernelFunctions(
      applies: applies, configurationCount: kernel.configuration_count, configuration: kernel.configuration,
      prepare: prepare, workspaceSize: kernel.workspace_size, phaseCount: kernel.phase_count, run: run, destroy: destroy
    )
    let facts = CKernelFacts(
      identifier: KernelIdentifier(name), version: Int(kernel.version),
      layout: kernel.layout == 0 ? .rowMajor : .channelsLast,
      errorClass: kernel.is_approximate != 0
        ? .approximate(relativeError: kernel.tolerance > 0 ? kernel.tolerance : nil)
        : .exact(tolerance: kernel.tolerance > 0 ? kernel.tolerance : 1e-5),
      efficiency: kernel.expected_efficiency > 0 ? kernel.expected_efficiency : 0.5, parameterNames: names)
    switch UInt32(bitPattern: kernel.operation) {
    case LUTHIER_CONVOLUTION.rawValue: return CKernel<ConvolutionProblem>(facts: facts, functions: functions)
    case LUTHIER_POOLING.rawValue: return CKernel<PoolingProblem>(facts: facts, functions: functions)
    case LUTHIER_MATRIX_MULTIPLY.rawValue: return CKernel<MatrixMultiplyProblem>(facts: facts, functions: functions)
    case LUTHIER_ELEMENTWISE.rawValue: return CKernel<ElementwiseProblem>(facts: facts, functions: functions)
    default: throw refuse("names operation \(kernel.operation), which luthier_plugin.h does not know")
    }
  }

  private static func text(
    _ pointer: UnsafePointer<CChar>?, _ what: String, _ path: String
  ) throws(PluginError) -> String {
    guard let pointer else { throw .malformed(path: path, reason: "\(what) is NULL") }
    let text = PluginText(copying: pointer, limit: maximumNameLength).line
    guard !text.isEmpty else { throw .malformed(path: path, reason: "\(what) is empty") }
    return text
  }
}
