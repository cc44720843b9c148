fn main() {
    println!("third");
}
