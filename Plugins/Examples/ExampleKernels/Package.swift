// swift-tools-version: 6.2
// Kernels for Luthier in a package of one's own: copy it, and write your kernel in place of these.

import PackageDescription

let package = Package(
  name: "ExampleKernels",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "ExampleKernels", targets: ["ExampleKernels"])
  ],
  dependencies: [
    // Outside of Luthier's own checkout: .package(url: "https://…/Luthier", from: "1.0.0")
    .package(name: "Luthier", path: "../../..")
  ],
  targets: [
    // The kernels and the operation, for programs that are linked with them.
    .target(name: "ExampleKernels", dependencies: [.product(name: "Luthier", package: "Luthier")]),
    // The entry point, for programs that load them while they run.
    .target(name: "ExamplePlugin", dependencies: ["ExampleKernels"]),
    .testTarget(
      name: "ExampleKernelsTests",
      dependencies: [
        "ExampleKernels", .product(name: "KernelConformance", package: "Luthier"),
        .product(name: "Autotuner", package: "Luthier"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
