//! The main job against pyFAI.
