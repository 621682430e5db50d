begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('stranger');

select tests.call_begin('owner', 'first', fence => 'a');
select is(tests.all_counted() ->> 'generations_started_total', '1', 'an admission counts');
select tests.call_begin('owner', 'first', fence => 'a');
select is(tests.all_counted() ->> 'generations_started_total', '1', 'its repetition does not');
select tests.call_begin('owner', 'first', fence => 'b');
select is(tests.all_counted() ->> 'generations_started_total', '1', 'nor does who comes to read it');
select tests.call_begin('owner', 'second', rate_limit => 1);
select tests.call_begin('stranger', 'third');
select is(tests.all_counted() ->> 'generations_started_total', '1', 'nor do refusals');
select is(
  tests.all_counted(), '{"active_generations": 1, "generations_started_total": 1}',
  'which count nothing at all: their worker does'
);

select * from finish();
rollback;
