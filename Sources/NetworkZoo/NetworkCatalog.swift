import Network

/// The networks that programs know by name.
public enum NetworkCatalog {
  /// Every network, in the order of tables.
  public static let entries: [Entry] =
    shuffleNetV2 + deepShuffleNetV2 + shuffleNetV1 + mobileNets + scaledToLevels + others

  /// The network of that name, or with the suffix ``Entry/backboneSuffix`` the backbone of one; nil when there is none.
  public static func entry(named name: String) -> Entry? {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    guard name.hasSuffix(Entry.backboneSuffix) else { return nil }
    let classifier = name.dropLast(Entry.backboneSuffix.count)
    return entries.first { $0.name == classifier }?.backbone
  }

  private static let shuffleNetV2 =
    ([
      ("", "ShuffleNetV2", []), ("_star", "ShuffleNetV2*", .depthwiseFirst),
      ("_residual", "ShuffleNetV2 with residual units", .residual),
      ("_se", "ShuffleNetV2 with squeeze-and-excitation", .squeezeExcitation),
      (
        "_se_residual", "ShuffleNetV2 with squeeze-and-excitation and residual units", [.squeezeExcitation, .residual]
      ),
    ] as [(String, String, ShuffleNetV2Unit)]).flatMap { suffix, title, variant in
      ShuffleNetV2.Width.allCases.map { width in
        Entry("shufflenet_v2_\(width.rawValue)\(suffix)", "\(title) \(width.factor)x") {
          try ShuffleNetV2(width, variant).build(in: &$0, batch: $1, height: $2, width: $3)
        }
      }
    }

  private static let deepShuffleNetV2 = [
    Entry("shufflenet_v2_50", "ShuffleNetV2-50") {
      try DeepShuffleNetV2(.fifty).build(in: &$0, batch: $1, height: $2, width: $3)
    },
    Entry("se_shufflenet_v2_164", "SE-ShuffleNetV2-164") {
      try DeepShuffleNetV2(.oneHundredAndSixtyFour).build(in: &$0, batch: $1, height: $2, width: $3)
    },
  ]

  private static let shuffleNetV1 = ShuffleNetV1.Groups.allCases.flatMap { groups in
    ShuffleNetV2.Width.allCases.map { width in
      Entry(
        "shufflenet_v1_g\(groups.rawValue)_\(width.rawValue)",
        "ShuffleNetV1 \(width.factor)x, \(groups.rawValue) groups"
      ) {
        try ShuffleNetV1(groups, width).build(in: &$0, batch: $1, height: $2, width: $3)
      }
    }
  }

  private static let mobileNets =
    [("x0_25", 0.25), ("x0_5", 0.5), ("x0_75", 0.75), ("x1_0", 1)].map { name, width in
      Entry("mobilenet_v1_\(name)", "MobileNetV1 \(width)x") {
        try MobileNetV1(width: width).build(in: &$0, batch: $1, height: $2, width: $3)
      }
    }
    + [
      ("x0_35", 0.35), ("x0_5", 0.5), ("x0_6", 0.6), ("x0_75", 0.75), ("x1_0", 1), ("x1_4", 1.4),
    ].map { name, width in
      Entry("mobilenet_v2_\(name)", "MobileNetV2 \(width)x") {
        try MobileNetV2(width: width).build(in: &$0, batch: $1, height: $2, width: $3)
      }
    }

  private static let scaledToLevels = ShuffleNetV2.Width.allCases.flatMap { width in
    [
      Entry("xception_\(width.rawValue)", "Xception of the ShuffleNetV2 paper, \(width.factor)x") {
        try Xception(width).build(in: &$0, batch: $1, height: $2, width: $3)
      },
      Entry("densenet_\(width.rawValue)", "DenseNet of the ShuffleNetV2 paper, \(width.factor)x") {
        try DenseNet(width).build(in: &$0, batch: $1, height: $2, width: $3)
      },
    ]
  }

  private static let others =
    ResNet.Depth.allCases.map { depth in
      Entry("resnet_\(depth.rawValue)", "ResNet-\(depth.rawValue)") {
        try ResNet(depth).build(in: &$0, batch: $1, height: $2, width: $3)
      }
    } + [
      Entry("googlenet", "GoogLeNet") {
        try GoogLeNet().build(in: &$0, batch: $1, height: $2, width: $3)
      },
      Entry("nasnet_a_mobile", "NASNet-A (4 @ 1056)") {
        try NASNet().build(in: &$0, batch: $1, height: $2, width: $3)
      },
      Entry("squeezenet_1_1", "SqueezeNet 1.1") {
        try SqueezeNet().build(in: &$0, batch: $1, height: $2, width: $3)
      },
    ]
}
