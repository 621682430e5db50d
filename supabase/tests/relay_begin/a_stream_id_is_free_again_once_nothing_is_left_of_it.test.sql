begin;
select plan(2);

select tests.given_tale('owner');
select tests.given_generation('first', 'owner', 'failed');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'a row is enough to know it');
-- Thirty days later, and there was no text.
select tests.given_forgotten('first');
select is(tests.call_begin('owner', 'first') ->> 'outcome', 'admitted', 'without row and message it is unknown');

select * from finish();
rollback;
