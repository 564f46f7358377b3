//! rtsp
