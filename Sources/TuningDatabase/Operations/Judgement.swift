/// How verdicts follow from times.
extension TuningEntry {
  /// What is no slower than this, relative to the fastest, is never told apart.
  ///
  /// Choices measured elsewhere lie 0.1 to 2 % apart among near-ties, and equal machines disagree about them.
  public static let tieFraction = 0.02

  /// What is slower than this, relative to the fastest, is never a tie, however noisy it was.
  public static let largestTieFraction = 0.05

  /// Decides anew who won, tied and lost, from the medians.
  ///
  /// A candidate is tied with the fastest when it is within ``tieFraction`` of it or within two standard errors of the
  /// difference, but never beyond ``largestTieFraction``. Of what is tied, the first in the fixed order (kernel name, then
  /// configuration) wins, so that two runs on one host write the same choice. Approximate candidates do not win here: they
  /// are judged ``Verdict/inexact`` where they are faster than the winner. A dropped candidate stays dropped while
  /// another was timed to the end.
  public mutating func judge() {
    let exact = candidates.indices.filter { candidates[$0].verdict.isTimed && !candidates[$0].isApproximate }
    let complete = exact.filter { candidates[$0].verdict != .dropped }
    let field = complete.isEmpty ? exact : complete
    let fastest = field.compactMap { candidates[$0].time }.min {
      ($0.medianNanoseconds, $0.spreadNanoseconds) < ($1.medianNanoseconds, $1.spreadNanoseconds)
    }
    let tied = field.filter { index in
      guard let fastest, let time = candidates[index].time else { return false }
      return Self.isTie(time, with: fastest)
    }
    let winner = tied.min { CandidateRecord.precedes(candidates[$0], candidates[$1]) }
    for index in field { candidates[index].verdict = tied.contains(index) ? .tied : .lost }
    if let winner { candidates[winner].verdict = .won }
    for index in candidates.indices where candidates[index].isApproximate && candidates[index].verdict.isTimed {
      if candidates[index].verdict == .dropped { continue }
      let isFaster = winner.map { winner in
        (candidates[index].time?.medianNanoseconds ?? .infinity)
          < (candidates[winner].time?.medianNanoseconds ?? .infinity)
      }
      candidates[index].verdict = isFaster ?? true ? .inexact : .lost
    }
  }

  /// Says who won, for a tuner that decided by more than medians: by paired differences, for example.
  ///
  /// Candidates named as tied get that verdict; every other that was timed to the end has lost, or is inexact as ``judge()``
  /// says. Does nothing when the winner has no time or is approximate.
  public mutating func judge(winner: CandidateRecord, tied: [CandidateRecord]) {
    judge()
    func isSame(_ left: CandidateRecord, _ right: CandidateRecord) -> Bool {
      left.kernel == right.kernel && left.configuration == right.configuration
    }
    guard let chosen = candidates.firstIndex(where: { isSame($0, winner) }),
      candidates[chosen].verdict.isTimed, !candidates[chosen].isApproximate
    else { return }
    for index in candidates.indices where candidates[index].verdict.isTimed && !candidates[index].isApproximate {
      if candidates[index].verdict == .dropped { continue }
      candidates[index].verdict = tied.contains { isSame($0, candidates[index]) } ? .tied : .lost
    }
    candidates[chosen].verdict = .won
  }

  /// Whether a time cannot be told from the fastest.
  static func isTie(_ time: MeasuredTime, with fastest: MeasuredTime) -> Bool {
    let difference = time.medianNanoseconds - fastest.medianNanoseconds
    let errors = time.standardError * time.standardError + fastest.standardError * fastest.standardError
    let band = max(tieFraction * fastest.medianNanoseconds, 2 * errors.squareRoot())
    return difference <= min(band, largestTieFraction * fastest.medianNanoseconds)
  }
}
