//! One thin function a command.
