// All tests of the console in one process, for callers that name one file.
import "./wall.test.mjs";
import "./ladder.test.mjs";
import "./camera.test.mjs";
import "./keyboard.test.mjs";
import "./pictures.test.mjs";
