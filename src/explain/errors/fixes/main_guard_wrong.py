import multiprocessing

process = multiprocessing.get_context("spawn").Process(target=print, args=("done",))
process.start()
process.join()
