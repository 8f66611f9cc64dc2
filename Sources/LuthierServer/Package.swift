// swift-tools-version: 6.2
// The inference server, a package of its own: whoever uses the library or the tuner builds nothing of HTTP.

import PackageDescription

/// The folder that Luthier is checked out in: what the package manager calls the package where modules of it get other names.
let checkout = String(Context.packageDirectory.split(separator: "/").dropLast(2).last ?? "Luthier")

let package = Package(
  name: "LuthierServer",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "luthier-serve", targets: ["luthier-serve"])
  ],
  dependencies: [
    .package(path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.10.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.9.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // The messages and the service of the Open Inference Protocol, generated: see the head of inference.proto.
    .target(
      name: "InferenceProtocol",
      dependencies: [
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      ],
      exclude: ["inference.proto"]),
    .target(
      name: "InferenceServer",
      dependencies: [
        "InferenceProtocol",
        // Hummingbird takes a module of the name Network for Apple's. So in this package Luthier's has another name, and the build a
        // folder of its own (--scratch-path): in that of Luthier lies one of the old name.
        .product(name: "Luthier", package: checkout, moduleAliases: ["Network": "LuthierNetwork"]),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),
    .executableTarget(
      name: "luthier-serve",
      dependencies: [
        "InferenceServer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(
      name: "InferenceServerTests",
      dependencies: [
        "InferenceServer", "luthier-serve", "InferenceProtocol",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      exclude: ["Models", "Clients"]),
  ],
  swiftLanguageModes: [.v6]
)
