begin;
select plan(4);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_text('first', 'Once');

select tests.sign_in_as_service();
select results_eq('select content from relay.chunks', array['Once'], 'it reads');
select lives_ok($$ insert into relay.chunks values ('first', 4, 9, ' upon') $$, 'it adds');
select lives_ok($$ update relay.chunks set content = 'changed' $$, 'it changes');
select lives_ok($$ delete from relay.chunks $$, 'it deletes');

select * from finish();
rollback;
