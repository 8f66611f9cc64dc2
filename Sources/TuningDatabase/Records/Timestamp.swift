#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A moment in whole seconds of UTC, as files spell it: `2026-05-01T12:30:00Z`.
public struct Timestamp: Hashable, Sendable, Comparable {
  /// Seconds since the first of January 1970, from 0 to the end of the year 9999.
  public let seconds: Int

  /// The last moment with a year of four digits.
  public static let last = Timestamp(seconds: 253_402_300_799)

  /// A moment; what lies outside 1970 to 9999 becomes the nearest moment inside.
  public init(seconds: Int) { self.seconds = Swift.min(Swift.max(seconds, 0), 253_402_300_799) }

  /// What the system's clock says.
  public static func now() -> Timestamp { Timestamp(seconds: Int(time(nil))) }

  /// The earlier before the later.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }
}

extension Timestamp: CustomStringConvertible {
  /// `2026-05-01T12:30:00Z`
  public var description: String {
    let (year, month, day) = Self.date(day: seconds / 86_400)
    let second = seconds % 86_400
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(two(month))-\(two(day))T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
  }

  /// Reads the text back; nil when it is none, such as a thirtieth of February.
  public init?(parsing text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 20 else { return nil }
    let form = Array("0000-00-00T00:00:00Z".utf8)
    for (byte, expected) in zip(bytes, form) {
      let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
      guard expected == UInt8(ascii: "0") ? isDigit : byte == expected else { return nil }
    }
    func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } }
    let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
    let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
    guard year >= 1970, 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second < 60 else { return nil }
    self.init(seconds: Self.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second)
    guard description == text else { return nil }
  }

  /// The days from 1970 to a date of the Gregorian calendar, which is counted from March, so that a leap day ends a year.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let year = month > 2 ? year : year - 1
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
  }

  private static func date(day: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}
