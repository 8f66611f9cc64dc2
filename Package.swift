// swift-tools-version: 6.2
// Luthier: layer kernels for convolutional networks on CPUs, and the tuner that chooses among them.
//
// The targets stand in the order of the house: a target depends only on targets above it in this file.

import PackageDescription

/// Micro-kernels are compiled without overflow and bounds checks: sizes are checked before the wall, once.
let unchecked: [SwiftSetting] = [.unsafeFlags(["-Ounchecked"])]

/// One instruction set's module, with the flags that let it use its vectors; no other target may have them.
func vectors(_ name: String, _ features: String...) -> Target {
  .target(
    name: name, dependencies: ["MicroKernels", "CLanes"],
    swiftSettings: [
      .unsafeFlags(["-Ounchecked"] + features.flatMap { ["-Xcc", "-m\($0)"] }, .when(platforms: [.linux, .macOS]))
    ])
}

/// The instruction sets of this architecture beyond the portable one: a compiler for another knows none of their flags.
#if arch(x86_64)
  let vectorTargets: [Target] = [
    vectors("MicroKernelsAVX2", "avx2", "fma", "f16c"),
    vectors("MicroKernelsAVX512", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"),
    // Products of narrow numbers, by instructions that not every processor of those sets has.
    vectors("MicroKernelsAVX2VNNI", "avx2", "fma", "f16c", "avxvnni"),
    vectors(
      "MicroKernelsAVX512VNNI", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni"),
    vectors(
      "MicroKernelsAVX512BF16", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512bf16"),
  ]
#else
  let vectorTargets: [Target] = []
#endif

/// A program that loads Swift plugins lends them the library: its symbols are visible to what it loads.
let pluginHost: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--export-dynamic"], .when(platforms: [.linux]))]

/// The C library has the Swift runtime inside and shows nothing but its own functions: it loads in a fifth of the time, and
/// programs need no Swift toolchain. Its workers outlive the last network for a moment, so it is never unloaded.
let selfContained: [LinkerSetting] = [
  // Foundation's static archive does not name the archives that it needs itself.
  .unsafeFlags(
    [
      "-static-stdlib", "-use-ld=lld", "-l_FoundationCollections", "-l_FoundationCShims", "-Xlinker",
      "--version-script=\(Context.packageDirectory)/Sources/LuthierC/symbols.map",
      "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "-z", "-Xlinker", "nodelete",
    ],
    .when(platforms: [.linux]))
]

func family(_ name: String, _ more: Target.Dependency...) -> Target {
  .target(name: name, dependencies: ["LayerKernels", "MicroKernels"] + more, path: "Plugins/\(name)")
}

func system(_ name: String, _ package: String) -> Target {
  .systemLibrary(name: name, path: "Sources/SystemLibraries/\(name)", providers: [.apt([package])])
}

/// The libraries of other makers whose kernels compete where a trait asks for them, each with its Debian packages.
let vendors = [
  ("OpenBLAS", ["libopenblas-dev"]), ("OneDNN", ["libdnnl-dev"]),
  ("XNNPACK", ["libxnnpack-dev", "libpthreadpool-dev"]),
]

/// A vendor's headers and kernels. Without the trait the sources are empty, and nothing of the library is looked for.
let vendorTargets = vendors.flatMap { vendor, packages in
  [
    .systemLibrary(
      name: "C\(vendor)", path: "Sources/SystemLibraries/C\(vendor)", providers: [.apt(packages)]),
    family("\(vendor)Kernels", "COpenMP", .target(name: "C\(vendor)", condition: .when(traits: [vendor]))),
  ]
}

let package = Package(
  name: "Luthier",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "Luthier", targets: ["Luthier"]),
    .library(name: "LayerKernels", targets: ["LayerKernels"]),
    .library(name: "KernelConformance", targets: ["KernelConformance"]),
    .library(name: "Autotuner", targets: ["Autotuner"]),
    .library(name: "LuthierC", type: .dynamic, targets: ["LuthierC"]),
    .executable(name: "tune", targets: ["tune"]),
    .executable(name: "luthier", targets: ["LuthierProgram"]),
    .plugin(name: "TuneCommand", targets: ["TuneCommand"]),
  ],
  traits: Set(
    vendors.map { .trait(name: $0.0, description: "Kernels that call \($0.0), of Debian's \($0.1[0]).") }),
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.10.0"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    // System libraries: header shims only.
    system("COpenMP", "libomp-dev"),
    system("CTurboJPEG", "libturbojpeg0-dev"),
    system("CPNG", "libpng-dev"),
    .systemLibrary(name: "CCompiler", path: "Sources/SystemLibraries/CCompiler"),
    .systemLibrary(name: "CProcessor", path: "Sources/SystemLibraries/CProcessor"),
    .systemLibrary(name: "CKernelPlugin", path: "Sources/SystemLibraries/CKernelPlugin"),
    .systemLibrary(name: "CFutex", path: "Sources/SystemLibraries/CFutex"),
    .systemLibrary(name: "CLanes", path: "Sources/SystemLibraries/CLanes"),

    // The vocabulary and the machine.
    .target(name: "LayerKernels", dependencies: ["CCompiler", "CFutex"]),
    .target(
      name: "TensorOperators",
      dependencies: ["LayerKernels", .product(name: "RealModule", package: "swift-numerics")]),
    .target(name: "HostPlatform", dependencies: ["CFutex", "CProcessor"]),
    .target(name: "KernelPlugins", dependencies: ["LayerKernels", "CKernelPlugin"]),

    // The SIMD tiles: one generic source, one thin module an instruction set.
    .target(name: "MicroKernels", dependencies: ["LayerKernels", "CLanes"], swiftSettings: unchecked),
    .target(name: "MicroKernelsPortable", dependencies: ["MicroKernels", "CLanes"], swiftSettings: unchecked),
  ] + vectorTargets + vendorTargets + [

    // The kernel families.
    family("ReferenceKernels"),
    family("DirectKernels"),
    family("Im2colKernels"),
    family("WinogradKernels"),
    family("DecomposedKernels"),
    family("ReducedWeightKernels", "DirectKernels"),
    family("ReducedArithmeticKernels"),
    .target(
      name: "StandardKernels",
      dependencies: vectorTargets.map { .byName(name: $0.name) }
        + vendors.map { .target(name: "\($0.0)Kernels", condition: .when(traits: [$0.0])) } + [
          "HostPlatform", "MicroKernelsPortable", "ReferenceKernels", "DirectKernels", "Im2colKernels",
          "WinogradKernels", "DecomposedKernels", "ReducedWeightKernels", "ReducedArithmeticKernels",
        ]),

    // Networks, their files, and the choices made for them.
    .target(name: "TuningDatabase", dependencies: ["LayerKernels", "HostPlatform"]),
    .target(name: "Imaging", dependencies: ["LayerKernels", "HostPlatform", "CTurboJPEG", "CPNG"]),
    .target(
      name: "Network",
      dependencies: [
        "LayerKernels", "HostPlatform", "TuningDatabase", .product(name: "Logging", package: "swift-log"),
      ]),
    .target(name: "ModelExecution", dependencies: ["HostPlatform", "Network", "TensorOperators"]),
    .target(
      name: "ONNXModel",
      dependencies: [
        "HostPlatform", "ModelExecution", "Network", "TensorOperators",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .target(name: "NetworkZoo", dependencies: ["Network"]),
    .target(
      name: "NetworkDeployment",
      dependencies: [
        "StandardKernels", "Network", "ModelExecution", "ONNXModel", "NetworkZoo", "TuningDatabase", "TensorOperators",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .target(
      name: "Luthier",
      dependencies: [
        "NetworkDeployment", "StandardKernels", "KernelPlugins", "Network", "ModelExecution", "ONNXModel", "NetworkZoo",
        "TensorOperators", "TuningDatabase", "Imaging",
      ],
      path: "Sources/LuthierLibrary"),
    .target(
      name: "Autotuner",
      dependencies: [
        "Network", "TuningDatabase", "HostPlatform", .product(name: "RealModule", package: "swift-numerics"),
      ]),
    .target(name: "Charts", dependencies: [.product(name: "RealModule", package: "swift-numerics")]),
    .target(name: "GuidelineStudy", dependencies: ["Autotuner", "Luthier", "Charts"]),
    .target(name: "KernelConformance", dependencies: ["LayerKernels", "ReferenceKernels"]),
    .target(
      name: "LuthierC", dependencies: ["NetworkDeployment", "ONNXModel", "Network", "LayerKernels"],
      exclude: ["cmake", "container", "include", "install", "python", "symbols.map"],
      linkerSettings: selfContained),

    // The programs.
    .target(
      name: "Presentation",
      dependencies: [
        "Luthier", "Autotuner", "Charts", .product(name: "RealModule", package: "swift-numerics"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(
      name: "TuneProgram",
      dependencies: [
        "Presentation", "Luthier", "Autotuner", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/tune", exclude: ["Main"]),
    .executableTarget(
      name: "tune", dependencies: ["TuneProgram"], path: "Sources/tune/Main", linkerSettings: pluginHost),
    .executableTarget(
      name: "LuthierProgram",
      dependencies: [
        "Presentation", "Luthier", "GuidelineStudy", "TuneProgram",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/luthier", linkerSettings: pluginHost),
    .plugin(
      name: "TuneCommand",
      capability: .command(
        intent: .custom(verb: "tune", description: "Time every kernel on this machine and keep the winners."),
        permissions: [.writeToPackageDirectory(reason: "The tuning database is written to TuningDB/.")])),

    // Fuzzing: `swift run -c release fuzz PARSER`, and its seeds and old crashes as tests.
    .target(
      name: "FuzzedParsers", dependencies: ["Luthier"], path: "Tests/Fuzzing/Parsers"),
    .executableTarget(
      name: "fuzz",
      dependencies: ["FuzzedParsers", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/Fuzzing/Program"),
    .testTarget(name: "FuzzingTests", dependencies: ["FuzzedParsers"], path: "Tests/Fuzzing/Regressions"),

    // Cases in ONNX's own layout: its backend node tests, and models that showed a fault.
    .target(name: "ONNXCaseComparison", dependencies: ["Luthier"], path: "Tests/ONNXCases/Comparison"),
    .executableTarget(
      name: "onnx-cases",
      dependencies: ["ONNXCaseComparison", "Luthier", .product(name: "Logging", package: "swift-log")],
      path: "Tests/ONNXCases/Program"),
    .testTarget(
      name: "ONNXCasesTests",
      dependencies: ["ONNXCaseComparison", "onnx-cases", "Luthier", .product(name: "Logging", package: "swift-log")],
      path: "Tests/ONNXCases/Tests"),

    // What runs of a network cost, seen from processes of their own: one whose allocator and locks count, and one as users have it.
    .systemLibrary(name: "CAllocator", path: "Tests/HotPath/CAllocator"),
    .target(
      name: "HotPathNetworks",
      dependencies: ["Luthier", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Tests/HotPath/Networks"),
    .executableTarget(
      name: "hot-path", dependencies: ["CAllocator", "HotPathNetworks"], path: "Tests/HotPath/Program",
      linkerSettings: [
        .unsafeFlags(
          ["-Xlinker", "--export-dynamic", "-Xlinker", "--defsym=malloc=luthier_counted_malloc"],
          .when(platforms: [.linux]))
      ]),
    .executableTarget(
      name: "weight-types",
      dependencies: [
        "StandardKernels", "HostPlatform", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/HotPath/WeightTypes"),
    .executableTarget(name: "network-process", dependencies: ["HotPathNetworks"], path: "Tests/HotPath/Process"),

    // What the sanitizers must report, so that their silence about the tests counts.
    .executableTarget(
      name: "sanitizer-faults", dependencies: ["HostPlatform", "LayerKernels"], path: "Tests/SanitizerFaults"),

    // Tests, a target a module.
    .testTarget(name: "LayerKernelsTests", dependencies: ["LayerKernels"]),
    .testTarget(name: "TensorOperatorsTests", dependencies: ["TensorOperators"]),
    .testTarget(name: "HostPlatformTests", dependencies: ["HostPlatform"]),
    .testTarget(
      name: "KernelTests",
      dependencies: [
        "StandardKernels", "KernelConformance", "DecomposedKernels", "ReducedWeightKernels", "ReducedArithmeticKernels",
      ]),
    .testTarget(name: "TuningDatabaseTests", dependencies: ["TuningDatabase"], exclude: ["Resources"]),
    .testTarget(name: "ImagingTests", dependencies: ["Imaging"]),
    .testTarget(name: "NetworkTests", dependencies: ["Luthier"]),
    .testTarget(
      name: "ONNXModelTests",
      dependencies: ["Luthier", "ONNXCaseComparison", .product(name: "Logging", package: "swift-log")]),
    .executableTarget(
      name: "FaultyTuningWorker", dependencies: ["Autotuner", "Luthier"], path: "Tests/FaultyTuningWorker"),
    .testTarget(name: "AutotunerTests", dependencies: ["Autotuner", "Luthier", "FaultyTuningWorker", "tune"]),
    .testTarget(name: "GuidelineStudyTests", dependencies: ["GuidelineStudy"]),
    .testTarget(name: "ProgramTests", dependencies: ["Luthier", "tune", "LuthierProgram"]),
    .testTarget(
      name: "DocumentationTests",
      dependencies: ["Luthier", "KernelConformance", "MicroKernels", "ReducedWeightKernels"]),
  ],
  swiftLanguageModes: [.v6]
)
