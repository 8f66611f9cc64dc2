import GuidelineStudy
import Testing

@Suite("Spearman's rank correlation")
struct RankCorrelationTests {
  @Test("Equal orders give 1, opposite ones −1, whatever the distances")
  func orders() {
    #expect(RankCorrelation.spearman([1, 2, 3, 100], [10, 20, 21, 22]) == 1)
    #expect(RankCorrelation.spearman([1, 2, 3, 100], [9, 8, 2, 1]) == -1)
  }

  @Test("A worked example with ties agrees with the textbook formula")
  func ties() throws {
    // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: covariance 4.5 of √(4.5 · 5).
    let found = try #require(RankCorrelation.spearman([1, 2, 2, 3], [1, 5, 4, 9]))
    #expect(abs(found - 4.5 / (4.5 * 5).squareRoot()) < 1e-12)
  }

  @Test("Too few pairs, unequal counts and constants give nil")
  func nothing() {
    #expect(RankCorrelation.spearman([1], [1]) == nil)
    #expect(RankCorrelation.spearman([1, 2], [1]) == nil)
    #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
  }
}
