//! Parts of URLs, as plain text.

use std::fmt::Write as _;

/// A part of a URL, with everything encoded that could mean something there.
///
/// <https://www.rfc-editor.org/rfc/rfc3986#section-2.1>
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// An address without the name and password that may stand before its host.
///
/// <https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1>
#[must_use]
pub fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_enter_is_nobody_s_business() {
        assert_eq!(
            without_user("git+https://ann:secret@host/x@y.git"),
            "git+https://host/x@y.git"
        );
        assert_eq!(without_user("git+https://host/x.git"), "git+https://host/x.git");
        assert_eq!(without_user("plain@text"), "plain@text");
    }

    #[test]
    fn what_means_something_in_a_url_is_encoded() {
        assert_eq!(percent_encoded("1:2.3-4~rc1"), "1:2.3-4~rc1");
        assert_eq!(
            percent_encoded("15.14-0+deb12u1?&@%"),
            "15.14-0%2Bdeb12u1%3F%26%40%25"
        );
        assert_eq!(percent_encoded("ä b"), "%C3%A4%20b");
    }
}
