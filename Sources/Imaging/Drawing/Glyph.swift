/// A letter of 5 × 7 dots: the printable characters of ASCII.
struct Glyph: Hashable {
  /// The columns of dots.
  static let width = 5
  /// The rows of dots.
  static let height = 7

  /// A row of dots in each byte, the leftmost dot in bit 4.
  private let rows: ArraySlice<UInt8>

  /// The letter for a character; that of `?` for a character that is not printable ASCII.
  init(_ character: Unicode.Scalar) {
    let isPrintable = (0x20...0x7e).contains(character.value)
    let index = Int(isPrintable ? character.value : Unicode.Scalar("?").value) - 0x20
    rows = Self.rows[index * Self.height..<(index + 1) * Self.height]
  }

  /// Whether there is a dot. The column is in 0..<5, the row in 0..<7.
  func hasDot(column: Int, row: Int) -> Bool {
    rows[rows.startIndex + row] >> UInt8(Self.width - 1 - column) & 1 == 1
  }

  /// The rows of all letters, seven a letter, in the order of their characters from the space on.
  private static let rows: [UInt8] = font.utf8.compactMap { digit in
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x76: digit - 0x61 + 10
    default: nil
    }
  }

  /// A word a letter, from the space on, eight letters a line; each digit, in base 32, is a row of five dots.
  private static let font = """
    0000000 4444404 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid 4480000
    2488842 8422248 04lel40 044v440 0000648 000v000 00000cc 01248g0
    ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888
    ehhehhe ehhf12c 0cc0cc0 0cc0c48 248g842 00v0v00 8421248 eh12404
    ehnlnge ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf
    hhhvhhh e44444e 72222ic hikokih ggggggv hrllhhh hppljjh ehhhhhe
    uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhaa4 hhhllrh
    hha4ahh hha4444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v
    8420000 00e1fhf ggmphhu 00eggge 11djhhf 00ehvge 698s888 0fhhf1e
    ggmphhh 40c444e 20622ic ggikoki c44444e 00qllll 00mphhh 00ehhhe
    00uhugg 00djf11 00mpggg 00fge1u 88s8896 00hhhjd 00hhha4 00hhlla
    00ha4ah 0hhhf1e 00v248v 2448442 4444444 8442448 008l200
    """
}
