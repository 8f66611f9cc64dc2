/// The size of a register tile as a type, so that the compiler writes each size out.
///
/// - Parameters (integer generics): `Rows`, what is broadcast; `Vectors`, what lies along the lanes; `Accumulators`, their
///   product, which the language cannot compute yet; `Tail`, the pixels after the vectors of a pixel tile.
public enum TileShape<let Rows: Int, let Vectors: Int, let Accumulators: Int, let Tail: Int> {}
