fn main() {
    println!("a program, and nothing of Python in it");
}
