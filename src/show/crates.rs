//! Takes a symbol's name as linkers see it. Gives the crate it comes from.

/// Where a symbol comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A crate, by its name in Rust.
    Crate(String),
    /// C++, whose names tell no library.
    CPlusPlus,
    /// C, assembly, or a Rust function that is exported by a plain name.
    Plain,
}

impl Origin {
    /// For people.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Crate(name) => name,
            Self::CPlusPlus => "C++",
            Self::Plain => "C and plain names",
        }
    }
}

/// Reads a name that rustc mangled, in either of its ways; what is mangled otherwise is C++'s, and what is not, C's.
///
/// <https://doc.rust-lang.org/rustc/symbol-mangling/index.html>
#[must_use]
pub fn origin(symbol: &str) -> Origin {
    // Compilers put `.llvm.1234`, `.cold` and the like behind a name.
    let name = symbol.split_once('.').map_or(symbol, |(name, suffix)| {
        if suffix.starts_with(|c: char| c.is_ascii_lowercase()) {
            name
        } else {
            symbol
        }
    });
    if let Some(mangled) = name.strip_prefix("_R") {
        return first_crate(mangled).map_or(Origin::Plain, Origin::Crate);
    }
    if let Some(mangled) = symbol.strip_prefix("_ZN") {
        return crate_of_path(mangled).map_or(Origin::CPlusPlus, Origin::Crate);
    }
    if name.starts_with("_Z") {
        return Origin::CPlusPlus;
    }
    Origin::Plain
}

/// In the newer way a path begins with the crate at its root: `C`, perhaps a number that tells crates of one name apart, and the
/// name with its length before it.
fn first_crate(mangled: &str) -> Option<String> {
    mangled
        .match_indices('C')
        .find_map(|(at, _)| identifier(mangled.get(at + 1..)?))
}

fn identifier(text: &str) -> Option<String> {
    let text = match text.strip_prefix('s') {
        Some(rest) => rest.split_once('_').map(|(_, rest)| rest)?,
        None => text,
    };
    let text = text.strip_prefix('u').unwrap_or(text);
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let length: usize = text.get(..digits)?.parse().ok()?;
    let rest = text.get(digits..)?;
    let name = rest.strip_prefix('_').unwrap_or(rest).get(..length)?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| name.to_owned())
}

/// In the older way a path is a list of names with their lengths, and the last is `h` with a hash of sixteen digits.
fn crate_of_path(mangled: &str) -> Option<String> {
    let mut parts = Vec::new();
    let mut rest = mangled;
    while !rest.starts_with('E') {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let length: usize = rest.get(..digits)?.parse().ok()?;
        parts.push(rest.get(digits..digits.checked_add(length)?)?);
        rest = rest.get(digits + length..)?;
    }
    let (hash, path) = parts.split_last()?;
    let is_hash =
        hash.len() == 17 && hash.starts_with('h') && hash.get(1..)?.chars().all(|c| c.is_ascii_hexdigit());
    let first = path.first().filter(|_| is_hash)?;
    let plain = first
        .trim_start_matches('_')
        .replace("$LT$", "<")
        .replace("$GT$", ">")
        .replace("$RF$", "&")
        .replace("$BP$", "*")
        .replace("$u20$", " ")
        .replace("..", "::");
    crate_of_type(&plain)
}

/// `std` of `std`; `demo` of `<demo::Thing as core::fmt::Debug>`; `core` of `<T as core::fmt::Debug>`.
fn crate_of_type(text: &str) -> Option<String> {
    let inner = text.strip_prefix('<').unwrap_or(text);
    let sides = inner.split(" as ");
    let mut named = sides.filter_map(|side| {
        let side = side.trim_start_matches(|c: char| !c.is_ascii_alphabetic() && c != '_');
        let side = side
            .strip_prefix("mut ")
            .or_else(|| side.strip_prefix("const "))
            .unwrap_or(side);
        let end = side
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(side.len());
        let (name, rest) = side.split_at(end);
        let is_path = rest.starts_with("::") || !text.starts_with('<');
        (is_path && !name.is_empty()).then(|| name.to_owned())
    });
    named.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(symbol: &str) -> String {
        origin(symbol).words().to_owned()
    }

    #[test]
    fn both_ways_of_rustc_tell_the_crate() {
        for (symbol, name) in [
            ("_RNvCskwGfYPst2Cb_3foo16example_function", "foo"),
            ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate"),
            (
                "_RNvXsC_NtC5alloc3vecINtB5_3VechENtNtC4core3ops4Drop4drop",
                "alloc",
            ),
            ("_RINvNtC3std3mem8align_ofdE", "std"),
            ("_RNvYNtC4demo5ThingNtNtC4core3fmt7Display3fmt", "demo"),
            ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core"),
            (
                "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
                "alloc",
            ),
            (
                "_ZN44_$LT$$RF$T$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE.llvm.123",
                "core",
            ),
        ] {
            assert_eq!(from(symbol), name, "{symbol}");
        }
    }

    #[test]
    fn other_languages_are_told_apart() {
        assert_eq!(from("_ZN4llvm5Value4dumpEv"), "C++");
        assert_eq!(from("_ZNSt6vectorIiE9push_backEi"), "C++");
        assert_eq!(from("_Z3foov"), "C++");
        for plain in [
            "PyInit_demo",
            "memcpy",
            "_R",
            "_RCu",
            "_ZN",
            "_ZN9",
            "_ZN99999999999999999999aE",
            "",
        ] {
            let origin = origin(plain);
            assert!(!matches!(origin, Origin::Crate(_)), "{plain}: {origin:?}");
        }
    }
}
