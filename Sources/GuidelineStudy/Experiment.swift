/// One experiment of the study, in the order in which all of them run.
public enum Experiment: String, Hashable, Sendable, CaseIterable, Codable {
  /// Guideline 1, table 1: equal channel widths minimise memory access cost.
  case channelRatio = "guideline1"
  /// Guideline 2, table 2: groups raise memory access cost.
  case groups = "guideline2"
  /// Guideline 3, table 3: fragments cost parallelism.
  case fragments = "guideline3"
  /// Guideline 4, table 4: element-wise operations are not free.
  case elementwise = "guideline4"
  /// Figures 1 (c, d) and 2: FLOPs and memory access cost against time, and what the time consists of.
  case complexity = "flops"
  /// A low-rank form of a 3×3 convolution with a quarter of its FLOPs, beside the whole and Winograd's.
  case decomposition
  /// Section 3's remark: concatenation, shuffle and split as three passes, as one, and as none.
  case merge
  /// Table 8: every network at its level of FLOPs.
  case networks = "table8"

  /// What a reader should know before the table.
  public var question: String {
    switch self {
    case .channelRatio: "Do equal channel widths make 1×1 convolutions faster at equal FLOPs? (Guideline 1, table 1)"
    case .groups: "Do groups make 1×1 convolutions slower at equal FLOPs? (Guideline 2, table 2)"
    case .fragments: "Does it cost time to cut one convolution into several? (Guideline 3, table 3)"
    case .elementwise: "What do ReLU and shortcut cost, and what if they ride in an epilogue? (Guideline 4, table 4)"
    case .complexity: "Do FLOPs tell the time? (Figures 1 and 2)"
    case .decomposition: "Does a decomposition with a quarter of the FLOPs take less time?"
    case .merge: "What do concatenation, shuffle and split cost: three passes, one, none? (Section 3)"
    case .networks: "How fast is every network at each level of FLOPs? (Table 8)"
    }
  }
}
