export interface Sam2Config {
  imageSize: number;
}
