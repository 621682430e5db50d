begin;
select plan(4);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_generation('second', 'owner');
select tests.call_finish('first', prompt_tokens => 10, first_token_ms => 250, overhead_ms => 12);
create temp table before as select tests.all_counted() as counted;

select tests.call_finish('first', prompt_tokens => 10, fence => tests.id('fence of first'));
select is(tests.all_counted(), counted, 'not a repeated one') from before;
select tests.call_finish('second', prompt_tokens => 10, fence => tests.id('another'));
select is(tests.all_counted(), counted, 'not one with a foreign fence') from before;
select tests.call_finish('third', prompt_tokens => 10);
select is(tests.all_counted(), counted, 'not one of an unknown generation') from before;
select tests.call_finish('second', prompt_tokens => 10, start_at => 5);
select is(tests.all_counted(), counted, 'not one that has to begin elsewhere') from before;

select * from finish();
rollback;
