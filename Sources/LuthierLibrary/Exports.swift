// What a deployment imports with `import Luthier`.

@_exported import HostPlatform
@_exported import Imaging
@_exported import KernelPlugins
@_exported import LayerKernels
@_exported import ModelExecution
@_exported import Network
@_exported import NetworkDeployment
@_exported import NetworkZoo
@_exported import ONNXModel
@_exported import StandardKernels
@_exported import TensorOperators
@_exported import TuningDatabase
