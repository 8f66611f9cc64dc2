import Charts

/// The figures of the ShuffleNetV2 paper (Ma et al., ECCV 2018) that the study compares with: images a second on one ARM core
/// (Snapdragon 810), batch 1, unless said otherwise. Batches of 8 a second on the GPU (GeForce 1080 Ti).
enum PaperFigures {
  /// Table 1: for each ratio c1:c2 of 1, 2, 6 and 12 the speed at the widths ×1, ×2 and ×4.
  static let channelRatio = (
    gpu: [[1480.0, 723, 232], [1296, 586, 206], [876, 489, 189], [748, 392, 163]],
    arm: [[76.2, 21.7, 5.3], [72.9, 20.5, 5.1], [69.1, 17.9, 4.6], [57.6, 15.1, 4.4]]
  )

  /// Table 2: for 1, 2, 4 and 8 groups the speed at the widths ×1, ×2 and ×4.
  static let groups = (
    gpu: [[2451.0, 1289, 437], [1725, 873, 341], [1026, 644, 338], [634, 445, 230]],
    arm: [[40.0, 10.2, 2.3], [35.0, 9.5, 2.2], [32.9, 8.7, 2.1], [27.8, 7.5, 1.8]]
  )

  /// Table 3: for each row of ``GuidelineBlocks/Fragments/table3`` the speed at the three widths.
  static let fragments = (
    gpu: [[2446.0, 1274, 434], [1790, 909, 336], [752, 745, 349], [1537, 803, 320], [691, 572, 292]],
    arm: [[40.2, 10.1, 2.3], [38.6, 10.1, 2.2], [38.4, 10.1, 2.3], [33.4, 9.1, 2.2], [35.0, 8.4, 2.1]]
  )

  /// Table 4: with ReLU and shortcut, with ReLU only, with the shortcut only, with neither; 32, 64 and 128 channels.
  static let elementwise = (
    gpu: [[2427.0, 2066, 1436], [2647, 2256, 1735], [2672, 2121, 1458], [2842, 2376, 1782]],
    arm: [[56.7, 16.9, 5.0], [61.9, 18.8, 5.2], [57.3, 18.2, 5.1], [66.3, 20.2, 5.4]]
  )

  /// Table 8: a network's name in the catalog, and what the paper measured of it.
  static let networks: [String: (megaFLOPs: Double, gpu: Double, arm: Double)] = [
    "shufflenet_v2_x0_5": (41, 417, 57.0), "mobilenet_v1_x0_25": (41, 502, 36.4),
    "shufflenet_v1_g3_x0_5": (38, 347, 56.8), "densenet_x0_5": (42, 366, 39.7), "xception_x0_5": (40, 384, 52.9),
    "shufflenet_v2_x1_0": (146, 341, 24.4), "mobilenet_v1_x0_5": (149, 382, 16.5),
    "shufflenet_v1_g3_x1_0": (140, 213, 21.8), "densenet_x1_0": (142, 279, 15.8), "xception_x1_0": (145, 278, 19.5),
    "shufflenet_v2_x1_5": (299, 255, 11.8), "mobilenet_v1_x0_75": (325, 314, 10.6),
    "mobilenet_v2_x1_0": (300, 180, 8.9), "shufflenet_v1_g3_x1_5": (292, 164, 10.3),
    "densenet_x1_5": (295, 274, 9.7), "xception_x1_5": (305, 219, 10.5), "shufflenet_v2_x2_0": (591, 217, 6.7),
    "mobilenet_v1_x1_0": (569, 247, 6.5), "mobilenet_v2_x1_4": (585, 137, 5.4),
    "shufflenet_v1_g3_x2_0": (524, 133, 6.4), "densenet_x2_0": (519, 197, 6.1), "xception_x2_0": (525, 174, 6.7),
  ]

  /// How many times as long the first row takes as another, at each width: `1.03, 1.06, 1.04`.
  static func slowdowns(_ rows: [[Double]], of row: Int, to base: Int = 0) -> String {
    zip(rows[base], rows[row]).map { Figures.fixed($0 / $1, 2) }.joined(separator: ", ")
  }
}
