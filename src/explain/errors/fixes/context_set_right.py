import multiprocessing

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    print(context.get_start_method())
