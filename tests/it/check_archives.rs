//! Writers for archives that are wrong in one place: whatever a header can say, these can write.

/// A zip archive with all its headers in reach.
#[derive(Default)]
pub struct Zip {
    /// Its files.
    pub entries: Vec<Entry>,
    /// Its comment.
    pub comment: Vec<u8>,
    /// How many more files the end record counts than there are.
    pub count_more: u16,
    /// Bytes between the last file and the directory.
    pub between: Vec<u8>,
}

/// A file of it.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    pub size: u32,
    pub crc32: u32,
    pub mode: u32,
    pub method: u16,
    pub flags: u16,
    pub date: u16,
    pub comment: Vec<u8>,
    pub central_extra: Vec<u8>,
    /// What the header in front of the bytes says instead.
    pub local_name: Option<Vec<u8>>,
    pub local_size: Option<u32>,
}

const DESCRIPTOR: u16 = 8;
const UTF8: u16 = 1 << 11;

impl Zip {
    /// Adds a stored file, or a folder.
    pub fn add(&mut self, name: &str, content: &[u8], mode: u32) {
        self.entries.push(Entry {
            name: name.as_bytes().to_vec(),
            content: content.to_vec(),
            size: u32::try_from(content.len()).expect("a small file"),
            crc32: crc32fast::hash(content),
            mode,
            method: 0,
            flags: if name.is_ascii() { 0 } else { UTF8 },
            date: 0x21,
            comment: Vec::new(),
            central_extra: Vec::new(),
            local_name: None,
            local_size: None,
        });
    }

    /// Adds a deflated file in front of all others.
    pub fn add_deflated(&mut self, name: &str, content: &[u8]) {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, content).expect("memory");
        let packed = encoder.finish().expect("memory");
        self.add(name, &packed, 0o100_644);
        let mut entry = self.entries.pop().expect("the file");
        entry.size = u32::try_from(content.len()).expect("a small file");
        entry.crc32 = crc32fast::hash(content);
        entry.method = 8;
        self.entries.insert(0, entry);
    }

    /// The archive.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut directory = Vec::new();
        for entry in &self.entries {
            let offset = length(&out);
            entry.local(&mut out);
            entry.central(offset, &mut directory);
        }
        out.extend(&self.between);
        let start = length(&out);
        out.extend(&directory);
        let count = u16::try_from(self.entries.len()).expect("few files") + self.count_more;
        out.extend(b"PK\x05\x06\0\0\0\0");
        put16(&mut out, count);
        put16(&mut out, count);
        put32(&mut out, length(&directory));
        put32(&mut out, start);
        put16(
            &mut out,
            u16::try_from(self.comment.len()).expect("a short comment"),
        );
        out.extend(&self.comment);
        out
    }
}

impl Entry {
    fn common(&self, out: &mut Vec<u8>, crc32: u32, packed_size: u32, size: u32) {
        put16(out, 20);
        put16(out, self.flags);
        put16(out, self.method);
        put16(out, 0);
        put16(out, self.date);
        put32(out, crc32);
        put32(out, packed_size);
        put32(out, size);
    }

    fn local(&self, out: &mut Vec<u8>) {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let has_descriptor = self.flags & DESCRIPTOR != 0;
        out.extend(b"PK\x03\x04");
        if has_descriptor {
            self.common(out, 0, 0, 0);
        } else {
            self.common(
                out,
                self.crc32,
                length(&self.content),
                self.local_size.unwrap_or(self.size),
            );
        }
        put16(out, u16::try_from(name.len()).expect("a short name"));
        put16(out, 0);
        out.extend(name);
        out.extend(&self.content);
        if has_descriptor {
            out.extend(b"PK\x07\x08");
            put32(out, self.crc32);
            put32(out, length(&self.content));
            put32(out, self.size);
        }
    }

    fn central(&self, offset: u32, out: &mut Vec<u8>) {
        out.extend(b"PK\x01\x02\x14\x03");
        self.common(out, self.crc32, length(&self.content), self.size);
        for part in [&self.name, &self.central_extra, &self.comment] {
            put16(out, u16::try_from(part.len()).expect("a short text"));
        }
        put16(out, 0);
        put16(out, 0);
        put32(out, self.mode << 16);
        put32(out, offset);
        out.extend(&self.name);
        out.extend(&self.central_extra);
        out.extend(&self.comment);
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a small archive")
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend(value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_le_bytes());
}

/// A tar archive.
#[derive(Default)]
pub struct Tar {
    entries: Vec<TarEntry>,
    is_broken: bool,
}

struct TarEntry {
    path: String,
    kind: u8,
    target: String,
    content: Vec<u8>,
    mode: u32,
    by_gnu: bool,
}

const BLOCK: usize = 512;

impl Tar {
    pub fn file(&mut self, path: &str, content: &[u8]) {
        self.entry(path, b'0', "", content);
    }

    pub fn entry(&mut self, path: &str, kind: u8, target: &str, content: &[u8]) {
        self.entries.push(TarEntry {
            path: path.to_owned(),
            kind,
            target: target.to_owned(),
            content: content.to_vec(),
            mode: 0o644,
            by_gnu: false,
        });
    }

    pub fn file_with_mode(&mut self, path: &str, mode: u32) {
        self.file(path, b"");
        self.entries.last_mut().expect("the file").mode = mode;
    }

    /// A file with its name in GNU's own way.
    pub fn gnu_long_name(&mut self, path: &str) {
        self.file(path, b"");
        self.entries.last_mut().expect("the file").by_gnu = true;
    }

    pub fn remove(&mut self, path: &str) {
        self.entries.retain(|entry| entry.path != path);
    }

    pub fn rename_root(&mut self, root: &str) {
        for entry in &mut self.entries {
            let (_, rest) = entry.path.split_once('/').expect("a root");
            entry.path = format!("{root}/{rest}");
        }
    }

    /// Replaces a text that must be there in one file.
    pub fn replace(&mut self, path: &str, from: &str, to: &str) {
        let entry = self
            .entries
            .iter_mut()
            .find(|entry| entry.path == path)
            .expect("the file");
        let text = String::from_utf8(entry.content.clone()).expect("UTF-8");
        assert!(text.contains(from), "{path}: {from}");
        entry.content = text.replacen(from, to, 1).into_bytes();
    }

    /// Makes the second header's checksum wrong.
    pub fn break_checksum(&mut self) {
        self.is_broken = true;
    }

    /// The archive, compressed.
    pub fn packed(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let mut name = entry.path.clone();
            if name.len() > 100 && entry.by_gnu {
                push(
                    &mut out,
                    &header("././@LongLink", b'L', "", name.len(), 0o644),
                    name.as_bytes(),
                );
                name.truncate(100);
            } else if name.len() > 100 {
                let record = pax_record("path", &name);
                push(
                    &mut out,
                    &header("pax", b'x', "", record.len(), 0o644),
                    record.as_bytes(),
                );
                name.truncate(100);
            }
            let mut block = header(&name, entry.kind, &entry.target, entry.content.len(), entry.mode);
            if self.is_broken && index == 1 {
                block[0] ^= 1;
            }
            push(&mut out, &block, &entry.content);
        }
        out.resize(out.len() + 2 * BLOCK, 0);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &out).expect("memory");
        encoder.finish().expect("memory")
    }
}

fn push(out: &mut Vec<u8>, header: &[u8; BLOCK], content: &[u8]) {
    out.extend(header);
    out.extend(content);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// `length key=value`, the length counting itself.
fn pax_record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let length = (1_usize..100_000)
        .find(|length| length.to_string().len() + rest.len() == *length)
        .expect("a length");
    format!("{length}{rest}")
}

fn header(name: &str, kind: u8, target: &str, size: usize, mode: u32) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, &format!("{mode:07o}"));
    put(124, &format!("{size:011o}"));
    put(148, "        ");
    put(157, target);
    put(257, "ustar\x0000");
    block[156] = kind;
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
