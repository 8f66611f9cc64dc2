import LayerKernels

/// Two reference kernels one after the other, with the whole activation between them row-major in the workspace.
struct PreparedReferencePair: PreparedKernel {
  private let first: any PreparedKernel
  private let second: any PreparedKernel
  private let betweenCount: Int

  /// A kernel that writes row-major, and one that reads it.
  init(_ first: any PreparedKernel, _ second: any PreparedKernel, between shape: TensorShape) {
    self.first = first
    self.second = second
    betweenCount = AlignedMemory.paddedCount(shape.elementCount)
  }

  var phaseCount: Int { 2 }

  func workspaceSize(workers: Int) -> Int {
    betweenCount * MemoryLayout<Float>.stride
      + max(first.workspaceSize(workers: workers), second.workspaceSize(workers: workers))
  }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let workspace = operands.workspace + betweenCount * MemoryLayout<Float>.stride
    withUnsafePointer(to: Int32(0)) { start in
      let between = TensorOperand(base: operands.workspace.assumingMemoryBound(to: Float.self), planes: start)
      if phase == 0 {
        first.run(
          LayerOperands(inputs: operands.inputs, output: between, workspace: workspace), phase: 0, worker: worker)
        return
      }
      withUnsafePointer(to: between) { between in
        second.run(
          LayerOperands(inputs: between, output: operands.output, workspace: workspace), phase: 0, worker: worker)
      }
    }
  }
}
