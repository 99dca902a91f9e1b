import multiprocessing

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=print, args=("done",))
    process.start()
    process.join()
