begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
create temp table views as select tests.call_read('owner', 'first') as view;

select is(view - 'generation', '{"start": null, "text": null}', 'there is nothing to show') from views;
select is(view -> 'generation' ->> 'status', 'running', 'but somebody is at it') from views;
select is(view -> 'generation' ->> 'model', 'model', 'of whom the reader can be told') from views;

select * from finish();
rollback;
