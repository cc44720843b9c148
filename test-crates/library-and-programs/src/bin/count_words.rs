fn main() {
    println!("{}", library_and_programs::count("three words here"));
}
